import { isStowageError } from '@stowage/types';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ZstdBackend } from '../decompress/decompress-options.ts';
import { join } from '../test-support/bytes.ts';
import { decompressAll } from '../test-support/decompress-all.ts';
import { noise, zstdCommand } from '../test-support/zstd-command.ts';

/** How many spoilt streams each run looks at; the rest of the corpus is for the hostile tests. */
const CASES = 1500;

let streams: readonly Uint8Array[];

/** Numbers below a bound, the same in every run. */
function randomOf(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

beforeAll(() => {
  const text = new TextEncoder().encode(
    'the quick brown fox jumps over the lazy dog and the other one '.repeat(6),
  );
  const skewed = noise(4000).map((byte) => 97 + Math.clz32(byte * 2 ** 24));
  const blocks = noise(400_000, 60).map((byte, at) => (at % 1000 < 500 ? byte : at % 7));
  const contents = [text, skewed, new Uint8Array(700), join(text, noise(300), skewed, text)];
  const small = contents.flatMap((content) =>
    [['-1'], ['-9'], ['-19', '--check'], ['-12', '--zstd=wlog=10']].map((options) =>
      zstdCommand(content, ...options),
    ),
  );
  // Several blocks, which repeat codes and tables of those before.
  streams = [...small, zstdCommand(blocks, '-3', '--check', '--zstd=wlog=17')];
});

/** A stream with a few bits and bytes changed, or cut, or grafted onto another. */
function spoil(random: (bound: number) => number): Uint8Array {
  const stream = streams[random(streams.length)] as Uint8Array;
  const other = streams[random(streams.length)] as Uint8Array;
  let spoilt = stream.slice();
  for (let changes = 1 + random(3); changes > 0; changes -= 1) {
    const at = random(random(2) === 0 ? Math.min(spoilt.length + 1, 60) : spoilt.length + 1);
    const kind = random(8);
    if (kind === 0) spoilt = spoilt.slice(0, at);
    else if (kind === 1) spoilt = join(spoilt.subarray(0, at), other.subarray(random(other.length + 1)));
    else if (at < spoilt.length)
      spoilt[at] = kind === 2 ? random(256) : (spoilt[at] as number) ^ (1 << random(8));
  }
  return spoilt;
}

/** What a backend makes of a stream: its content, or how it refuses it. */
async function verdict(stream: Uint8Array, zstdBackend: ZstdBackend): Promise<Uint8Array | string> {
  try {
    return await decompressAll([stream.slice()], { zstdBackend, format: 'zstd', maxBytes: 1 << 20 });
  } catch (error) {
    if (!isStowageError(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

describe('zstd that is spoilt', () => {
  it('has the same content or the same error with every backend', async () => {
    const random = randomOf(20_261);
    const found = new Map<string, number>();
    for (let index = 0; index < CASES; index += 1) {
      const spoilt = spoil(random);
      const [wasm, js] = [await verdict(spoilt, 'wasm'), await verdict(spoilt, 'js')];
      const same =
        typeof wasm === 'string' || typeof js === 'string' ? wasm === js : Buffer.compare(wasm, js) === 0;
      if (!same) expect(Buffer.from(spoilt).toString('hex')).toBe('read in the same way');
      const kind = typeof wasm === 'string' ? wasm : 'content';
      found.set(kind, (found.get(kind) ?? 0) + 1);
    }
    expect(found.get('content')).toBeGreaterThan(10);
    expect(found.size).toBeGreaterThan(10);
  });
});
