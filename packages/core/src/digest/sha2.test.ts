// Every implementation of the hashes, held against the published vectors, the platform's own, and one another.
import type { DigestAlgorithm } from '@stowage/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HASH_PARAMETERS } from './hash-parameters.ts';
import { toHex } from './hex.ts';
import type { ResumableHash } from './running-hash.ts';
import { createScalarHash } from './scalar-hash.ts';
import { createPlainSha256 } from './sha256.ts';
import { createPlainSha512 } from './sha512.ts';
import {
  fromHex,
  noise,
  SHA2_BEYOND_4_GIB,
  SHA2_MONTE_CARLO,
  SHA2_VECTORS,
} from '../test-support/sha2-vectors.ts';
import { createWasmHash } from './wasm-hash.ts';

type Create = (algorithm: DigestAlgorithm) => Promise<ResumableHash>;

const createPlainHash: Create = (algorithm) =>
  Promise.resolve(algorithm === 'sha256' ? createPlainSha256() : createPlainSha512(algorithm));
const IMPLEMENTATIONS: readonly (readonly [string, Create])[] = [
  ['wasm', createWasmHash],
  ['hash-wasm', createScalarHash],
  ['js', createPlainHash],
];
const ALGORITHMS = ['sha256', 'sha384', 'sha512'] as const;
const PAIRS = IMPLEMENTATIONS.flatMap(([name, create]) =>
  ALGORITHMS.map((algorithm) => [name, algorithm, create] as const),
);
const SUBTLE_NAMES = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' } as const;

async function platformHash(algorithm: DigestAlgorithm, bytes: Uint8Array): Promise<string> {
  const copy = new Uint8Array(bytes);
  return toHex(new Uint8Array(await crypto.subtle.digest(SUBTLE_NAMES[algorithm], copy)));
}

/** The hash of chunks; `fresh` is a saved state of nothing. */
function hashOf(hash: ResumableHash, fresh: Uint8Array, ...chunks: readonly Uint8Array[]): string {
  hash.restore(fresh);
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

describe.each(PAIRS)('%s %s', (_, algorithm, create) => {
  const { block } = HASH_PARAMETERS[algorithm];

  it.each(SHA2_VECTORS[algorithm])('hashes %s as NIST does', async (_name, message, want) => {
    const hash = await create(algorithm);
    hash.update(message);
    expect(hash.digest()).toBe(want);
  });

  it("gives the hashes of NIST's Monte Carlo test", async () => {
    const [seed, want] = SHA2_MONTE_CARLO[algorithm];
    const hash = await create(algorithm);
    const fresh = hash.save();
    let last = [fromHex(seed), fromHex(seed), fromHex(seed)];
    for (let round = 0; round < 1000; round += 1) {
      last = [...last.slice(1), fromHex(hashOf(hash, fresh, ...last))];
    }
    expect(toHex(last[2] as Uint8Array)).toBe(want);
  });

  it('hashes every length up to 300 bytes as the platform does', async () => {
    const hash = await create(algorithm);
    const fresh = hash.save();
    for (let length = 0; length <= 300; length += 1) {
      const bytes = noise(length, length + 1);
      expect(hashOf(hash, fresh, bytes), String(length)).toBe(await platformHash(algorithm, bytes));
    }
  });

  it('does not care how the bytes are cut', async () => {
    const hash = await create(algorithm);
    const fresh = hash.save();
    const bytes = noise(1000);
    const want = await platformHash(algorithm, bytes);
    for (let size = 1; size <= 2 * block + 2; size += 1) {
      expect(hashOf(hash, fresh, ...cut(bytes, size)), String(size)).toBe(want);
    }
  });

  it('hashes more than its memory holds at once, from any place in a buffer', async () => {
    const hash = await create(algorithm);
    const fresh = hash.save();
    const bytes = noise(3 * 32_768 + 200);
    for (const length of [32_767, 32_768, 32_769, 65_536, bytes.length - 9]) {
      const view = bytes.subarray(9, 9 + length);
      const want = await platformHash(algorithm, view);
      expect(hashOf(hash, fresh, view)).toBe(want);
      expect(hashOf(hash, fresh, view.subarray(0, 5), view.subarray(5))).toBe(want);
    }
  });

  it('goes on from a state that any other saved, wherever the bytes are cut', async () => {
    const bytes = noise(2 * block + 3);
    const want = await platformHash(algorithm, bytes);
    const others = await Promise.all(IMPLEMENTATIONS.map(([, another]) => another(algorithm)));
    const hash = await create(algorithm);
    const fresh = hash.save();
    for (let at = 0; at <= bytes.length; at += 1) {
      hash.restore(fresh);
      hash.update(bytes.subarray(0, at));
      const state = hash.save();
      for (const other of others) {
        other.restore(state);
        expect(other.save()).toEqual(state);
        expect(hashOf(other, state, bytes.subarray(at)), String(at)).toBe(want);
      }
    }
  });

  it('counts bits beyond 2^53 of them as the others do', async () => {
    const others = await Promise.all(IMPLEMENTATIONS.map(([, another]) => another(algorithm)));
    const hash = await create(algorithm);
    hash.update(noise(block));
    const state = hash.save();
    for (const count of [2 ** 29 - block, 2 ** 32, 2 ** 40 + block, 2 ** 53 - 2 * block]) {
      new DataView(state.buffer).setBigUint64(2, BigInt(count));
      const tail = noise(block + 1);
      const hashes = others.map((other) => hashOf(other, state, tail));
      expect(hashOf(hash, state, tail)).toBe(hashes[0]);
      expect(new Set(hashes).size).toBe(1);
    }
  });

  it('changes nothing when it refuses a state', async () => {
    const hash = await create(algorithm);
    hash.update(noise(block + 7));
    const state = hash.save();
    const wrong: readonly Uint8Array[] = [
      new Uint8Array(0),
      state.subarray(1),
      state.subarray(0, -1),
      Uint8Array.of(...state, 0),
      state.with(0, 2),
      state.with(1, 9),
      state.with(2, 0x80),
      state.with(9, 0),
    ];
    for (const bytes of wrong) {
      expect(() => {
        hash.restore(bytes);
      }).toThrow(RangeError);
      expect(hash.save()).toEqual(state);
    }
  });
});

describe.each(IMPLEMENTATIONS)('%s beyond 4 GiB', (_, create) => {
  it.each(['sha256', 'sha512'] as const)('gives the %s that other tools give', async (algorithm) => {
    const [state, want] = SHA2_BEYOND_4_GIB[algorithm];
    const hash = await create(algorithm);
    expect(hashOf(hash, fromHex(state), new Uint8Array(3))).toBe(want);
  });
});

describe('all implementations', () => {
  it.each(ALGORITHMS)('agree on %s, and hand over to one another on the way', async (algorithm) => {
    const hashes = await Promise.all(IMPLEMENTATIONS.map(([, create]) => create(algorithm)));
    const fresh = (hashes[0] as ResumableHash).save();
    const step = fc.record({
      chunk: fc.uint8Array({ maxLength: 400 }),
      by: fc.nat({ max: hashes.length - 1 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        let state = fresh;
        for (const { chunk, by } of steps) {
          const hash = hashes[by] as ResumableHash;
          hash.restore(state);
          hash.update(chunk);
          state = hash.save();
        }
        const bytes = Uint8Array.from(steps.flatMap(({ chunk }) => [...chunk]));
        const want = await platformHash(algorithm, bytes);
        expect(hashes.map((hash) => hashOf(hash, state))).toEqual(hashes.map(() => want));
      }),
      { numRuns: 60 },
    );
  });

  it('share an instance without a mix-up, different algorithms too', async () => {
    const bytes = noise(5000);
    const running = await Promise.all(
      ALGORITHMS.flatMap((algorithm) => [createWasmHash(algorithm), createWasmHash(algorithm)]),
    );
    running.forEach((hash, index) => {
      hash.update(bytes.subarray(0, 100 * index));
    });
    running.forEach((hash, index) => {
      hash.update(bytes.subarray(100 * index));
    });
    for (const [index, hash] of running.entries()) {
      const algorithm = ALGORITHMS[index >> 1] as DigestAlgorithm;
      expect(hash.digest()).toBe(await platformHash(algorithm, bytes));
    }
  });
});
