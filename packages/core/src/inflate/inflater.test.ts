import { deflate, deflateRaw, gzip } from 'pako';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { crc32 } from './crc32.ts';
import { createInflater } from './inflater.ts';
import type { Inflater } from './inflater-init.ts';
import { join } from '../test-support/bytes.ts';
import { inflate } from '../test-support/inflate-all.ts';

const encoder = new TextEncoder();
const TEXT = encoder.encode('The quick brown fox jumps over the lazy dog. '.repeat(30));

/** Writes bits as deflate has them: numbers lowest bit first, codes highest bit first. */
class BitWriter {
  readonly #bits: number[] = [];

  /** A number of so many bits. */
  number(value: number, width: number): this {
    for (let bit = 0; bit < width; bit += 1) this.#bits.push((value >> bit) & 1);
    return this;
  }

  /** A code, as a string of digits. */
  code(digits: string): this {
    this.#bits.push(...Array.from(digits, Number));
    return this;
  }

  /** Zeros up to the next whole byte. */
  align(): this {
    while (this.#bits.length % 8 > 0) this.#bits.push(0);
    return this;
  }

  bytes(): Uint8Array {
    this.align();
    return Uint8Array.from({ length: this.#bits.length / 8 }, (_, index) =>
      this.#bits.slice(index * 8, index * 8 + 8).reduce((byte, bit, place) => byte | (bit << place), 0),
    );
  }
}

const STORED = 0;
const FIXED = 1;
const DYNAMIC = 2;

function block(type: number): BitWriter {
  return new BitWriter().number(1, 1).number(type, 2);
}

/** The order in which the lengths of the code length code are written. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A dynamic block up to its code lengths, which are written in codes of the lengths given by symbol. */
function dynamic(
  literals: number,
  distances: number,
  codeLengths: Readonly<Record<number, number>>,
): BitWriter {
  const writer = block(DYNAMIC)
    .number(literals - 257, 5)
    .number(distances - 1, 5)
    .number(15, 4);
  for (const symbol of ORDER) writer.number(codeLengths[symbol] ?? 0, 3);
  return writer;
}

/** Code lengths in codes 0 (no code), 10 (one bit), 110 (16: the last one 3 to 6 times), 111 (18: 11 to 138 zeros). */
const LENGTH_CODE = { 0: 1, 1: 2, 18: 3, 16: 3 };

/** Zeros by symbol 18. */
function zeros(writer: BitWriter, times: number): BitWriter {
  return writer.code('111').number(times - 11, 7);
}

/** A dynamic block whose only literal code is that of the end of the block: one bit. */
function onlyEnd(distanceLengths: (writer: BitWriter) => BitWriter, distances = 1): BitWriter {
  const writer = zeros(zeros(dynamic(257, distances, LENGTH_CODE), 138), 118).code('10');
  return distanceLengths(writer);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(['wasm', 'js'] as const)('an inflater by %s', (backend) => {
  const raw = (stream: Uint8Array, size?: number): Promise<Uint8Array> =>
    inflate(stream, { backend, format: 'raw' }, size);

  it.each([
    ['gzip', gzip],
    ['zlib', deflate],
    ['raw', deflateRaw],
  ] as const)('inflates %s however it is cut, with padding or without', async (format, compress) => {
    const stream = compress(TEXT);
    for (const size of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 64, 1 << 20]) {
      expect(await inflate(stream, { backend, format }, size)).toEqual(TEXT);
      expect(await inflate(join(stream, new Uint8Array(9)), { backend, format }, size)).toEqual(TEXT);
    }
    expect(await inflate(compress(new Uint8Array(0)), { backend, format })).toHaveLength(0);
  });

  it.each([
    ['gzip', gzip, 'gzip'],
    ['zlib', deflate, 'zlib'],
    ['raw', deflateRaw, 'deflate'],
  ] as const)('finds %s that ends early or goes on', async (format, compress, name) => {
    const stream = compress(TEXT);
    for (let length = 0; length < stream.length; length += 1) {
      await expect(inflate(stream.subarray(0, length), { backend, format }, 7)).rejects.toMatchObject({
        code: 'INVALID_ARCHIVE',
        message: `invalid ${name} stream: unexpected end of file`,
      });
    }
    for (const more of [[1], [0, 0, 2], [0, 0x1f, 0x8b]]) {
      await expect(inflate(join(stream, more), { backend, format })).rejects.toMatchObject({
        code: 'INVALID_ARCHIVE',
        message: `invalid ${name} stream: garbage after its end`,
      });
    }
  });

  it('inflates all kinds of blocks in one stream, and matches across them', async () => {
    // "abc", stored; then a match of 6 bytes back by 3, and the end of a block with fixed codes.
    const first = new BitWriter().number(0, 1).number(STORED, 2).align();
    first.number(3, 16).number(0xfffc, 16);
    for (const byte of encoder.encode('abc')) first.number(byte, 8);
    const second = block(FIXED).code('0000100').code('00010').code('0000000');
    expect(await raw(join(first.bytes(), second.bytes()), 1)).toEqual(encoder.encode('abcabcabc'));
  });

  it('inflates the longest match and the longest distance', async () => {
    const stored = new BitWriter()
      .number(0, 1)
      .number(STORED, 2)
      .align()
      .number(0x8000, 16)
      .number(0x7fff, 16);
    const content = Uint8Array.from({ length: 0x8000 }, (_, index) => (index * 7) >> 3);
    // Length 258 is symbol 285, distance 32768 is symbol 29 with its 13 extra bits set.
    const match = block(FIXED).code('11000101').code('11101').number(0x1fff, 13).code('0000000');
    const output = await raw(join(stored.bytes(), content, match.bytes()));
    expect(output).toEqual(join(content, content.subarray(0, 258)));
  });

  it.each([
    ['a block of no type', block(3), 'invalid block type'],
    [
      'lengths that differ',
      block(STORED).align().number(5, 16).number(5, 16),
      'invalid stored block lengths',
    ],
    ['287 literals', dynamic(287, 1, {}), 'too many length or distance symbols'],
    ['31 distances', dynamic(257, 31, {}), 'too many length or distance symbols'],
    ['too many code lengths', dynamic(257, 1, { 0: 1, 1: 1, 2: 1 }), 'invalid code lengths set'],
    ['too few code lengths', dynamic(257, 1, { 0: 1, 1: 2 }), 'invalid code lengths set'],
    ['a single code length', dynamic(257, 1, { 0: 1 }), 'invalid code lengths set'],
    [
      'a repetition of nothing',
      dynamic(257, 1, LENGTH_CODE).code('110').number(0, 2),
      'invalid bit length repeat',
    ],
    [
      'a repetition past the end',
      zeros(zeros(dynamic(257, 1, LENGTH_CODE), 138), 121),
      'invalid bit length repeat',
    ],
    [
      'no end of the block',
      zeros(zeros(dynamic(257, 1, LENGTH_CODE), 138), 120),
      'invalid code -- missing end-of-block',
    ],
    [
      'an empty code of code lengths, which zlib takes for zeros',
      dynamic(257, 1, {})
        .number(0, 32)
        .number(0, 32)
        .number(0, 32)
        .number(0, 32)
        .number(0, 32)
        .number(0, 32)
        .number(0, 32)
        .number(0, 32)
        .number(0, 2),
      'invalid code -- missing end-of-block',
    ],
    [
      'too many literals',
      zeros(zeros(dynamic(257, 1, LENGTH_CODE).code('10').code('10'), 138), 116)
        .code('10')
        .code('0'),
      'invalid literal/lengths set',
    ],
    [
      'too many distances',
      onlyEnd((writer) => writer.code('10').code('10').code('10'), 3),
      'invalid distances set',
    ],
    [
      'a code that no literal has',
      onlyEnd((writer) => writer.code('0')).code('1'),
      'invalid literal/length code',
    ],
    ['the fixed code 286', block(FIXED).code('11000110'), 'invalid literal/length code'],
    ['the fixed code 287', block(FIXED).code('11000111'), 'invalid literal/length code'],
    [
      'a distance where there are none',
      // Symbols 256 and 257 have one bit each.
      zeros(zeros(dynamic(258, 1, LENGTH_CODE), 138), 118)
        .code('10')
        .code('10')
        .code('0')
        .code('1')
        .code('0'),
      'invalid distance code',
    ],
    ['the fixed distance 30', block(FIXED).code('0000001').code('11110'), 'invalid distance code'],
    [
      'a distance to before the beginning',
      block(FIXED).code('00110000').code('0000001').code('00001'),
      'invalid distance too far back',
    ],
  ])('refuses %s', async (_name, writer, message) => {
    const failure = { code: 'INVALID_ARCHIVE', message: `invalid deflate stream: ${message}` };
    const stream = writer.bytes();
    // With so much more to come the fast path meets it, with nothing the careful one.
    for (const rest of [0, 100]) {
      for (const size of [1, 3, 1000]) {
        await expect(raw(join(stream, new Uint8Array(rest)), size)).rejects.toMatchObject(failure);
      }
    }
  });

  it('takes what zlib takes: no distances, or a single one, and a single literal', async () => {
    expect(
      await raw(
        onlyEnd((writer) => writer.code('0'))
          .code('0')
          .bytes(),
      ),
    ).toHaveLength(0);
    expect(
      await raw(
        onlyEnd((writer) => writer.code('10'))
          .code('0')
          .bytes(),
      ),
    ).toHaveLength(0);
  });

  it('reads all fields of a header and verifies its check', async () => {
    const member = gzip(TEXT);
    for (let flags = 0; flags < 32; flags += 1) {
      const fields = [
        flags & 4 ? [3, 0, 1, 0, 2] : [],
        flags & 8 ? encoder.encode('name\0') : [],
        flags & 16 ? encoder.encode('comment\0') : [],
      ];
      const header = join([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3], ...fields);
      const check = crc32(header);
      const checked = flags & 2 ? join(header, [check & 0xff, (check >> 8) & 0xff]) : header;
      for (const size of [1, 3, 1000]) {
        expect(await inflate(join(checked, member.subarray(10)), { backend }, size)).toEqual(TEXT);
      }
      if ((flags & 2) === 0) continue;
      const wrong = checked.with(-1, (checked.at(-1) ?? 0) ^ 1);
      await expect(inflate(join(wrong, member.subarray(10)), { backend })).rejects.toMatchObject({
        code: 'INVALID_ARCHIVE',
        message: 'invalid gzip stream: header crc mismatch',
      });
    }
    const empty = join([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 0, 0], member.subarray(10));
    expect(await inflate(empty, { backend })).toEqual(TEXT);
  });

  it.each([
    ['no magic number', 0, 0x1e, 'incorrect header check'],
    ['half a magic number', 1, 0x8c, 'incorrect header check'],
    ['another method', 2, 7, 'unknown compression method'],
    ['a reserved flag', 3, 0x20, 'unknown header flags set'],
  ])('refuses gzip with %s', async (_name, index, byte, message) => {
    const stream = gzip(TEXT).with(index, byte);
    await expect(inflate(stream, { backend })).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
      message: `invalid gzip stream: ${message}`,
    });
  });

  it.each([
    ['a header that does not divide', 0x78, 0x9d, 'invalid zlib stream: incorrect header check'],
    ['another method', 0x77, 0x85, 'invalid zlib stream: unknown compression method'],
    ['a window of 64 KiB', 0x88, 0x1c, 'invalid zlib stream: invalid window size'],
  ])('refuses zlib with %s', async (_name, first, second, message) => {
    const stream = join([first, second], deflate(TEXT).subarray(2));
    await expect(inflate(stream, { backend, format: 'zlib' })).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
      message,
    });
  });

  it('says that it knows no preset dictionary', async () => {
    await expect(inflate(Uint8Array.of(0x78, 0xbb), { backend, format: 'zlib' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'cannot decompress a zlib stream with a preset dictionary',
    });
  });

  it('verifies the checksums, unless told to skip them, and the length always', async () => {
    const member = gzip(TEXT);
    const spoilt = member.with(-6, (member.at(-6) ?? 0) ^ 1);
    await expect(inflate(spoilt, { backend })).rejects.toMatchObject({
      message: 'invalid gzip stream: incorrect data check',
    });
    expect(await inflate(spoilt, { backend, checksum: 'skip' })).toEqual(TEXT);
    const short = member.with(-4, (member.at(-4) ?? 0) ^ 1);
    await expect(inflate(short, { backend, checksum: 'skip' })).rejects.toMatchObject({
      message: 'invalid gzip stream: incorrect length check',
    });
    const zlib = deflate(TEXT);
    const adler = zlib.with(-1, (zlib.at(-1) ?? 0) ^ 1);
    await expect(inflate(adler, { backend, format: 'zlib' })).rejects.toMatchObject({
      message: 'invalid zlib stream: incorrect data check',
    });
    expect(await inflate(adler, { backend, format: 'zlib', checksum: 'skip' })).toEqual(TEXT);
  });

  it('keeps to its limits', async () => {
    const stream = gzip(new Uint8Array(3_000_000));
    await expect(inflate(stream, { backend, maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: 'content is longer than 1000000 bytes once decompressed',
    });
    await expect(inflate(stream, { backend, maxRatio: 100 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: 'content is more than 100 times longer once decompressed',
    });
    expect(await inflate(stream, { backend, maxBytes: 3_000_000, maxRatio: 1032 })).toHaveLength(3_000_000);
  });

  it('counts, and gives out everything within the call', async () => {
    let given = 0;
    const inflater = await createInflater({ backend, onOutput: (bytes) => (given += bytes.length) });
    expect([inflater.bytesIn, inflater.bytesOut, inflater.checkpoints]).toEqual([0, 0, []]);
    const stream = gzip(TEXT);
    inflater.write(stream);
    expect([inflater.bytesIn, inflater.bytesOut, given]).toEqual([stream.length, TEXT.length, TEXT.length]);
    inflater.end();
  });

  it('takes nothing after its end, a failure or free', async () => {
    const make = (): Promise<Inflater> => createInflater({ backend, onOutput: () => undefined });
    const ended = await make();
    ended.write(gzip(TEXT));
    ended.end();
    ended.free();
    const failure = { code: 'INVALID_ARGUMENT', message: 'the inflater has ended' };
    expect(() => {
      ended.write(TEXT);
    }).toThrow(expect.objectContaining(failure));
    expect(() => {
      ended.end();
    }).toThrow(expect.objectContaining(failure));
    const failed = await make();
    for (let call = 0; call < 2; call += 1) {
      expect(() => {
        failed.write(TEXT);
      }).toThrow('incorrect header check');
    }
    expect(() => {
      failed.end();
    }).toThrow('incorrect header check');
    const freed = await make();
    freed.free();
    expect(() => {
      freed.write(TEXT);
    }).toThrow('the inflater was freed');
  });

  it('can be freed by the receiver, cannot be written to by it, and fails with what it throws', async () => {
    const stream = gzip(new Uint8Array(1_000_000));
    const onOutput = vi.fn(() => {
      freed.free();
    });
    const freed = await createInflater({ backend, onOutput });
    expect(() => {
      freed.write(stream);
    }).toThrow('the inflater was freed');
    expect(onOutput).toHaveBeenCalledOnce();
    const written: Inflater = await createInflater({
      backend,
      onOutput: (bytes) => {
        written.write(bytes);
      },
    });
    expect(() => {
      written.write(stream);
    }).toThrow('the inflater is busy');
    const error = new Error('of the receiver');
    const thrown = await createInflater({
      backend,
      onOutput: () => {
        throw error;
      },
    });
    expect(() => {
      thrown.write(stream);
    }).toThrow(error);
    expect(() => {
      thrown.end();
    }).toThrow(error);
  });

  it('many at a time do not disturb each other', async () => {
    const contents = Array.from({ length: 8 }, (_, seed) =>
      Uint8Array.from({ length: 90_000 }, (_byte, index) => (index * (seed + 3)) >> 6),
    );
    const outputs = contents.map((): Uint8Array[] => []);
    const inflaters = await Promise.all(
      outputs.map((output) => createInflater({ backend, onOutput: (bytes) => output.push(bytes.slice()) })),
    );
    const streams = contents.map((content) => gzip(content));
    for (let at = 0; at < 200_000; at += 500) {
      for (const [index, stream] of streams.entries()) {
        inflaters[index]?.write(stream.subarray(at, at + 500));
      }
    }
    for (const inflater of inflaters) inflater.end();
    expect(outputs.map((output) => crc32(join(...output)))).toEqual(
      contents.map((content) => crc32(content)),
    );
  });
});
