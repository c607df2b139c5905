import { join } from './bytes.ts';

/** Pseudo-random bytes, the same on every machine (xorshift). */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}

/** Text of words in no order. */
export function prose(length: number): Uint8Array<ArrayBuffer> {
  const words = ['layer ', 'image ', 'of ', 'the ', 'digest ', 'manifest\n', 'stowage ', 'container '];
  const picks = noise(length);
  const text = Array.from(picks, (pick, index) => `${words[pick & 7] ?? ''}${index % 9 === 0 ? pick : ''}`);
  return new TextEncoder().encode(text.join('')).slice(0, length);
}

/** What a compressor meets: by name. */
export function gzipCorpus(): readonly (readonly [string, Uint8Array])[] {
  const block = noise(300, 7);
  return [
    ['nothing', new Uint8Array()],
    ['one byte', Uint8Array.of(65)],
    ['three bytes', Uint8Array.of(65, 65, 65)],
    ['a run of 258 and one', new Uint8Array(259).fill(7)],
    ['a match at the edge of the window', join(block, noise(32768 - 300, 3), block)],
    ['a match beyond the window', join(block, noise(32769 - 300, 3), block)],
    ['one segment', prose(256 * 1024)],
    ['a segment and a byte', prose(256 * 1024 + 1)],
    ['noise', noise(600_000)],
    ['zeros', new Uint8Array(1_000_000)],
    ['text', prose(700_000)],
    ['text, noise and zeros', join(prose(90_000), noise(150_000), new Uint8Array(70_000), prose(90_000))],
    ['few symbols', noise(100_000).map((byte) => byte & 1)],
    [
      'rare symbols',
      noise(200_000).map((byte, index) => (index % 7 === 0 ? byte >> (index % 6) : index % 3)),
    ],
  ];
}

/** Whether two runs of bytes are the same; to compare long ones by `toEqual` takes seconds. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
