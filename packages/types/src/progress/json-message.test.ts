import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsonMessageDecoder, decodeJsonMessages } from './json-message-stream.ts';
import { formatJsonMessage, parseJsonMessage } from './json-message.ts';
import type { JsonMessage } from './json-message.ts';

/** Messages as they come back: without empty members. */
const text = fc.option(fc.string({ minLength: 1, unit: 'grapheme' }), { nil: undefined });
const count = fc.option(
  fc.maxSafeInteger().filter((value) => value !== 0),
  { nil: undefined },
);
const message = fc
  .record({
    stream: text,
    status: text,
    progressDetail: fc.option(
      fc
        .record({
          current: count,
          total: count,
          start: count,
          hidecounts: fc.constantFrom(true, undefined),
          units: text,
        })
        .map(present),
      { nil: undefined },
    ),
    progress: text,
    id: text,
    from: text,
    time: count,
    timeNano: fc.option(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).filter((value) => value !== 0n),
      { nil: undefined },
    ),
    errorDetail: fc.option(fc.record({ code: count, message: text }).map(present), { nil: undefined }),
    error: text,
    aux: fc.option(
      // Without -0, which JSON.stringify does not write either.
      fc
        .json()
        .map((value): unknown => JSON.parse(JSON.stringify(JSON.parse(value))))
        .filter((value) => value !== null),
      { nil: undefined },
    ),
  })
  .map((record) => present(record) as JsonMessage);

function present(record: object): object {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error;
const limit = expect.objectContaining({ code: 'LIMIT_EXCEEDED' }) as Error;

describe('formatJsonMessage', () => {
  it("keeps docker's order of members and leaves out what is empty", () => {
    const all: JsonMessage = {
      aux: 0,
      error: 'k',
      errorDetail: { message: 'j', code: 1 },
      timeNano: 1_700_000_000_123_456_789n,
      time: 8,
      from: 'g',
      id: 'f',
      progress: 'e',
      progressDetail: { units: 'd', hidecounts: true, start: 3, total: 2, current: 1 },
      status: 'b',
      stream: 'a',
    };
    expect(formatJsonMessage(all)).toBe(
      '{"stream":"a","status":"b","progressDetail":{"current":1,"total":2,"start":3,"hidecounts":true,"units":"d"},' +
        '"progress":"e","id":"f","from":"g","time":8,"timeNano":1700000000123456789,' +
        '"errorDetail":{"code":1,"message":"j"},"error":"k","aux":0}\r\n',
    );
    const empty: JsonMessage = {
      stream: '',
      status: '',
      progressDetail: { current: 0, hidecounts: false, units: '' },
      id: '',
      time: 0,
      timeNano: 0n,
      errorDetail: { code: 0 },
      aux: null,
    };
    expect(formatJsonMessage(empty)).toBe('{"progressDetail":{},"errorDetail":{}}\r\n');
    expect(formatJsonMessage({})).toBe('{}\r\n');
  });

  it('comes back', () => {
    fc.assert(
      fc.property(message, (value) => {
        const line = formatJsonMessage(value);
        expect(parseJsonMessage(line)).toEqual(value);
        expect(formatJsonMessage(parseJsonMessage(line))).toBe(line);
      }),
    );
  });
});

describe('parseJsonMessage', () => {
  it.each<[string, JsonMessage]>([
    ['{}', {}],
    [' {"status":"a","more":[1]} ', { status: 'a' }],
    ['{"Status":"a","ID":"b","timenano":5}', { status: 'a', id: 'b', timeNano: 5n }],
    ['{"status":"a","status":"b"}', { status: 'b' }],
    ['{"status":null,"progressDetail":null,"aux":null}', {}],
    ['{"progressDetail":{"current":null,"other":1}}', { progressDetail: {} }],
    ['{"timeNano":9223372036854775807}', { timeNano: 9_223_372_036_854_775_807n }],
    ['{"timeNano":-9223372036854775808}', { timeNano: -9_223_372_036_854_775_808n }],
    ['{"timeNano":1152921504606847000}', { timeNano: 1_152_921_504_606_847_000n }],
    ['{"id":"\\"timeNano\\":1","timeNano":2}', { id: '"timeNano":1', timeNano: 2n }],
    ['{"__proto__":{"status":"x"},"constructor":1}', {}],
  ])('%s', (json, expected) => {
    expect(parseJsonMessage(json)).toEqual(expected);
  });

  it('keeps numbers in aux as they are written', () => {
    const line = '{"aux":{"Size":12345678901234567890}}\r\n';
    expect(formatJsonMessage(parseJsonMessage(line))).toBe(line);
  });

  it.each([
    '',
    'null',
    '5',
    '[]',
    '"a"',
    '{',
    '{"status":"a"}{}',
    '{"status":5}',
    '{"status":{}}',
    '{"progressDetail":[]}',
    '{"progressDetail":"x"}',
    '{"progressDetail":{"current":"1"}}',
    '{"progressDetail":{"current":1.5}}',
    '{"progressDetail":{"current":1.0}}',
    '{"progressDetail":{"hidecounts":1}}',
    '{"time":1e30}',
    '{"time":9223372036854775808}',
    '{"timeNano":-9223372036854775809}',
    '{"timeNano":99999999999999999999999999}',
    '{"errorDetail":{"code":"401"}}',
    '{"errorDetail":{"message":1}}',
  ])('refuses %s', (json) => {
    expect(() => parseJsonMessage(json)).toThrow(invalid);
  });

  it('tells what is wrong, and keeps the cause', () => {
    expect(() => parseJsonMessage('{"progressDetail":{"units":1}}')).toThrow(
      'invalid message in the JSON stream: units is not a string',
    );
    expect(() => parseJsonMessage('{"status":')).toThrow(
      expect.objectContaining({
        cause: expect.objectContaining({ code: 'INVALID_MANIFEST' }) as Error,
      }) as Error,
    );
  });

  it('looks at the size first', () => {
    expect(() => parseJsonMessage(' '.repeat(17 * 1024 * 1024))).toThrow(limit);
  });
});

describe('createJsonMessageDecoder', () => {
  it('finds the same messages however the text is cut', () => {
    const pieces = fc.array(fc.tuple(message, fc.constantFrom('', ' ', '\n', '\t\r\n')), { maxLength: 5 });
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(400), { maxLength: 8 }), (parts, cuts) => {
        const stream = parts.map(([one, space]) => space + formatJsonMessage(one).trim()).join('');
        const decoder = createJsonMessageDecoder();
        const found: JsonMessage[] = [];
        let from = 0;
        for (const cut of [...cuts, stream.length].sort((a, b) => a - b)) {
          found.push(...decoder.write(stream.slice(from, cut)));
          from = Math.min(cut, stream.length);
        }
        decoder.end();
        expect(found).toEqual(parts.map(([one]) => one));
      }),
    );
  });

  it.each(['x', '{"status":"a"},{}', '[{}]', '"a"', '{]', '{"a":}', '\u00a0{}'])('refuses %s', (stream) => {
    const decoder = createJsonMessageDecoder();
    const run = (): void => {
      decoder.write(stream);
      decoder.end();
    };
    expect(run).toThrow(invalid);
    expect(() => decoder.write('{}')).toThrow(invalid);
    expect(() => {
      decoder.end();
    }).toThrow(invalid);
  });

  it('gives what came before an error, and then the error', () => {
    const decoder = createJsonMessageDecoder();
    expect(decoder.write('{"id":"a"}{"id":"b"}x{"id":"c"}')).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(() => decoder.write('')).toThrow('invalid JSON stream: unexpected "x" between messages');
  });

  it('does not take a message that was cut short', () => {
    for (const stream of ['{', '{"status":"}', '{"status":"\\"}', '{"a":[']) {
      const decoder = createJsonMessageDecoder();
      expect(decoder.write(stream)).toEqual([]);
      expect(() => {
        decoder.end();
      }).toThrow('invalid JSON stream: it ends within a message');
    }
  });

  it('bounds length and depth', () => {
    expect(createJsonMessageDecoder({ maxLength: 14 }).write('{"status":"a"}  {"status":"b"}')).toHaveLength(
      2,
    );
    expect(() => createJsonMessageDecoder({ maxLength: 13 }).write('{"status":"a"}')).toThrow(limit);
    const pieces = createJsonMessageDecoder({ maxLength: 13 });
    pieces.write('{"status":');
    expect(() => pieces.write('"aaa')).toThrow(limit);
    expect(createJsonMessageDecoder({ maxDepth: 2 }).write('{"aux":[]}')).toEqual([{ aux: [] }]);
    expect(() => createJsonMessageDecoder({ maxDepth: 2 }).write('{"aux":[{')).toThrow(limit);
    expect(() => createJsonMessageDecoder().write('{"aux":' + '['.repeat(100))).toThrow(limit);
    expect(() => createJsonMessageDecoder().write(`{"aux":"${'x'.repeat(1024 * 1024)}`)).toThrow(limit);
  });

  it('takes time in proportion to the text', () => {
    const decoder = createJsonMessageDecoder();
    const begin = performance.now();
    for (const character of `{"status":"${'x'.repeat(500_000)}"}`) decoder.write(character);
    decoder.end();
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});

describe('decodeJsonMessages', () => {
  async function collect(...texts: readonly string[]): Promise<JsonMessage[]> {
    const source = new ReadableStream<string>({
      start(controller): void {
        for (const one of texts) controller.enqueue(one);
        controller.close();
      },
    });
    const found: JsonMessage[] = [];
    const reader = source.pipeThrough(decodeJsonMessages({ maxLength: 100 })).getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) found.push(next.value);
    return found;
  }

  it('is a stage of a stream', async () => {
    expect(await collect('{"id":"a"}\r\n{"i', 'd":"b"}', '', '\n')).toEqual([{ id: 'a' }, { id: 'b' }]);
  });

  it('fails where the text does', async () => {
    await expect(collect('{"id":"a"}', 'no')).rejects.toThrow(invalid);
    await expect(collect('{"id":"a"} no')).rejects.toThrow(invalid);
    await expect(collect('{"id":')).rejects.toThrow(invalid);
    await expect(collect(`{"id":"${'x'.repeat(100)}"}`)).rejects.toThrow(limit);
  });
});
