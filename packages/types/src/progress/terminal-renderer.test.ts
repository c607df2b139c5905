import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonMessage } from './json-message.ts';
import { toJsonMessage } from './progress-json.ts';
import { TerminalRenderer } from './terminal-renderer.ts';
import type { TerminalRendererInit } from './terminal-renderer.ts';

const ERASE = '\u001b[2K\r';
const up = (lines: number): string => `\u001b[${String(lines)}A`;
const down = (lines: number): string => `\u001b[${String(lines)}B`;

function render(messages: readonly JsonMessage[], init: Partial<TerminalRendererInit> = {}): string {
  const renderer = new TerminalRenderer({ terminal: true, width: () => 80, offset: () => 0, ...init });
  return messages.map((message) => renderer.render(message)).join('');
}

/** What a screen without end shows after some output. */
class Screen {
  readonly lines: string[] = [''];
  row = 0;
  #column = 0;

  write(output: string): void {
    for (const [token, count = '', command = ''] of output.matchAll(/\p{Cc}\[(\d+)([A-Z])|[^]/gu)) {
      if (command === 'A') this.row = Math.max(0, this.row - Number(count));
      else if (command === 'B') this.#moveTo(this.row + Number(count));
      else if (command === 'K') this.lines[this.row] = '';
      else if (command !== '') throw new Error(`unknown sequence ${JSON.stringify(token)}`);
      else if (token === '\r') this.#column = 0;
      else if (token === '\n') {
        this.#column = 0;
        this.#moveTo(this.row + 1);
      } else this.#put(token);
    }
  }

  #moveTo(row: number): void {
    this.row = row;
    while (this.lines.length <= row) this.lines.push('');
  }

  #put(character: string): void {
    const line = (this.lines[this.row] ?? '').padEnd(this.#column);
    this.lines[this.row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column += 1;
  }
}

describe('TerminalRenderer on a terminal', () => {
  it('draws each id on a line of its own, byte for byte', () => {
    const messages: JsonMessage[] = [
      { status: 'Pulling from library/busybox', id: 'latest' },
      { status: 'Pulling fs layer', progressDetail: {}, id: 'a' },
      { status: 'Pulling fs layer', progressDetail: {}, id: 'b' },
      { status: 'Downloading', progressDetail: { current: 1, total: 2 }, progress: 'ignored', id: 'a' },
      { status: 'Pull complete', progressDetail: {}, id: 'b' },
      { status: 'Digest: x' },
    ];
    expect(render(messages)).toBe(
      'latest: Pulling from library/busybox\n' +
        `\n${up(1)}${ERASE}a: Pulling fs layer \r${down(1)}` +
        `\n${up(1)}${ERASE}b: Pulling fs layer \r${down(1)}` +
        `${up(2)}${ERASE}a: Downloading       1B/2B\r${down(2)}` +
        `${up(1)}${ERASE}b: Pull complete \r${down(1)}` +
        'Digest: x\n',
    );
  });

  it('begins a new group after what is no progress', () => {
    const step: JsonMessage = { status: 's', progressDetail: {}, id: 'a' };
    const drawn = `\n${up(1)}${ERASE}a: s \r${down(1)}`;
    expect(render([step, { status: 'between' }, step])).toBe(`${drawn}between\n${drawn}`);
    expect(render([step, { status: 'between', id: 'b' }, step])).toBe(`${drawn}b: between\n${drawn}`);
    // Results for programs are no output.
    expect(render([step, { aux: {} }, step])).toBe(`${drawn}${up(1)}${ERASE}a: s \r${down(1)}`);
  });

  it.each<[JsonMessage, string]>([
    [{ stream: 'Step 1\n' }, 'Step 1\n'],
    [{ status: 's' }, 's\n'],
    [{}, '\n'],
    [{ status: 's', from: 'x', id: 'a' }, 'a: (from x) s\n'],
    [{ status: 's', progress: 'p' }, 's p'],
    [{ status: 's', progress: 'p', id: 'a' }, `\n${up(1)}a: s p${down(1)}`],
    [{ status: 's', progressDetail: {} }, `${ERASE}s \r`],
    [{ status: 's', progressDetail: { current: 5 } }, `${ERASE}s       5B\r`],
    [{ status: 's', progressDetail: { current: 5, units: 'u' } }, `${ERASE}s 5 u\r`],
    [{ status: 's', progressDetail: { current: 5, total: 6, hidecounts: true } }, `${ERASE}s \r`],
    [{ stream: 'x', status: 's', progressDetail: {} }, 's '],
    [{ stream: 'x', progressDetail: { current: 5 } }, ''],
    [{ status: 's', time: 1_700_000_000 }, '2023-11-14T22:13:20.000000000Z s\n'],
    [{ status: 's', time: 1, timeNano: 1_700_000_000_123_456_789n }, '2023-11-14T22:13:20.123456789Z s\n'],
    [{ status: 's', timeNano: -1n }, '1969-12-31T23:59:59.999999999Z s\n'],
    [{ status: 's', timeNano: 5n, id: 'a', from: 'x' }, '1970-01-01T00:00:00.000000005Z a: (from x) s\n'],
    [{ status: 's', time: Number.MAX_SAFE_INTEGER }, '+275760-09-12T00:00:00.000000000Z s\n'],
  ])('message %#', (message, expected) => {
    expect(render([message])).toBe(expected);
  });

  it.each([
    [120, '2023-11-15T00:13:20.000000000+02:00 s\n'],
    [-210, '2023-11-14T18:43:20.000000000-03:30 s\n'],
    [0, '2023-11-14T22:13:20.000000000Z s\n'],
  ])('shows times %d minutes ahead of UTC', (offset, expected) => {
    expect(render([{ status: 's', time: 1_700_000_000 }], { offset: () => offset })).toBe(expected);
  });

  it('takes time, zone and width of the system where it is told no other', () => {
    const renderer = new TerminalRenderer({ terminal: true });
    expect(renderer.render({ status: 's', time: 1_700_000_000 })).toMatch(
      /^2023-11-1\dT\d\d:\d\d:20\.000000000(?:Z|[+-]\d\d:\d\d) s\n$/,
    );
    const start = Math.floor(Date.now() / 1000) - 100;
    expect(renderer.render({ status: 's', progressDetail: { current: 1, total: 3, start } })).toMatch(
      /s \[=+> +\] {7}1B\/3B 3m2\ds\r$/,
    );
  });

  it('shows what is left by its clock and asks for the width every time', () => {
    let width = 200;
    const start = 1_700_000_000;
    const renderer = new TerminalRenderer({
      terminal: true,
      width: () => width,
      clock: { now: () => (start + 10) * 1000 },
    });
    const step: JsonMessage = { status: 's', progressDetail: { current: 25, total: 100, start } };
    expect(renderer.render(step)).toBe(`${ERASE}s [${'='.repeat(12)}>${' '.repeat(38)}]      25B/100B 30s\r`);
    width = 60;
    expect(renderer.render(step)).toBe(`${ERASE}s      25B/100B 30s\r`);
    width = 50;
    expect(renderer.render(step)).toBe(`${ERASE}s      25B/100B\r`);
  });

  it('gives results to who wants them', () => {
    const results: unknown[] = [];
    const onAux = (aux: unknown): void => {
      results.push(aux);
    };
    expect(render([{ aux: { Tag: 't' }, status: 's' }, { aux: 0 }], { onAux })).toBe('');
    expect(results).toEqual([{ Tag: 't' }, 0]);
  });

  it.each([
    [401, 'ignored', 'UNAUTHENTICATED', 'authentication is required'],
    [400, 'm', 'INVALID_ARGUMENT', 'm'],
    [403, 'm', 'DENIED', 'm'],
    [404, 'm', 'NOT_FOUND', 'm'],
    [409, 'm', 'CONFLICT', 'm'],
    [429, 'm', 'RATE_LIMITED', 'm'],
    [501, 'm', 'UNSUPPORTED', 'm'],
    [503, 'm', 'UNAVAILABLE', 'm'],
    [500, 'm', 'REGISTRY', 'm'],
    [undefined, undefined, 'REGISTRY', ''],
  ])('ends with the error %s %s', (code, words, expected, message) => {
    const errorDetail = {
      ...(code === undefined ? {} : { code }),
      ...(words === undefined ? {} : { message: words }),
    };
    expect(() => render([{ errorDetail, error: 'older words', id: 'a', progressDetail: {} }])).toThrow(
      expect.objectContaining({ code: expected, message }) as Error,
    );
  });

  it('keeps every id on its own line, whatever comes', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          id,
          action: fc.constantFrom('Downloading', 'Waiting', 'x'),
          current: fc.nat(200),
          total: fc.constantFrom(0, 100),
        }),
      },
      { weight: 1, arbitrary: fc.record({ id, message: fc.constantFrom('said', 'done') }) },
      { weight: 1, arbitrary: fc.record({ id: fc.constant(''), message: fc.constant('all') }) },
      { weight: 1, arbitrary: fc.record({ id, aux: fc.constant({}) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const screen = new Screen();
        const renderer = new TerminalRenderer({ terminal: true, width: () => 80 });
        const history: string[] = [];
        const group = new Map<string, string>();
        for (const progress of steps) {
          const message = toJsonMessage(progress, { width: 80 });
          screen.write(renderer.render(message));
          if ('message' in progress) {
            history.push(
              ...group.values(),
              progress.id === '' ? progress.message : `${progress.id}: ${progress.message}`,
            );
            group.clear();
          } else if ('action' in progress) {
            group.set(progress.id, `${progress.id}: ${progress.action} ${message.progress ?? ''}`);
          }
          expect(screen.lines.slice(0, -1)).toEqual([...history, ...group.values()]);
          expect(screen.row).toBe(screen.lines.length - 1);
        }
      }),
    );
  });
});

describe('TerminalRenderer elsewhere', () => {
  it.each<[JsonMessage, string]>([
    [{ status: 'Pulling fs layer', progressDetail: {}, id: 'a' }, 'a: Pulling fs layer\n'],
    [{ status: 'Downloading', progressDetail: { current: 1, total: 2 }, progress: 'x', id: 'a' }, ''],
    // Nothing but a bar that is hidden is no bar, and the sender's own is shown.
    [{ status: 's', progressDetail: { total: 2, hidecounts: true }, progress: 'p', id: 'a' }, 'a: s p'],
    [{ status: 's', progress: 'p', id: 'a' }, 'a: s p'],
    [{ stream: 'x', progressDetail: {} }, 'x'],
    [{ stream: 'x', progressDetail: { current: 1 } }, ''],
    [{ status: 's', timeNano: 1n }, '1970-01-01T00:00:00.000000001Z s\n'],
    [{ status: 's' }, 's\n'],
  ])('message %#', (message, expected) => {
    expect(render([message], { terminal: false })).toBe(expected);
  });

  it('never moves the cursor', () => {
    const steps = ['a', 'b', 'a'].map((id) => ({ status: 's', progressDetail: {}, id }));
    expect(render(steps, { terminal: false })).toBe('a: s\nb: s\na: s\n');
  });
});
