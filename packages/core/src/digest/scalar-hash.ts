import { StowageError } from '@stowage/types';
import type { DigestAlgorithm } from '@stowage/types';
import { createSHA256, createSHA384, createSHA512 } from 'hash-wasm';
import { HASH_PARAMETERS } from './hash-parameters.ts';
import { decodeHashState, encodeHashState } from './hash-state.ts';
import type { ResumableHash } from './running-hash.ts';

// Loaded on demand, as a file of its own: so a bundler takes three hashes from hash-wasm and leaves the rest.

const FACTORIES = { sha256: createSHA256, sha384: createSHA384, sha512: createSHA512 } as const;

/** Where the block being filled begins in a state that hash-wasm saves, after a mark of its build. */
const BLOCK_AT = 4;

/**
 * A hash by hash-wasm, for engines without vector instructions. Its saved state is translated to and from our format.
 *
 * @throws `UNSUPPORTED` where WebAssembly is missing or forbidden
 */
export async function createScalarHash(algorithm: DigestAlgorithm): Promise<ResumableHash> {
  const { block, word } = HASH_PARAMETERS[algorithm];
  const hash = await FACTORIES[algorithm]().catch((cause: unknown) => {
    throw new StowageError('UNSUPPORTED', 'this runtime cannot run WebAssembly', { cause });
  });
  // The mark, the block, the count of bytes in 64 bits, the words, all as they lie in its memory, and what is constant.
  const fresh = hash.save();
  const countAt = BLOCK_AT + block;
  const wordsAt = countAt + 8;
  const wordsEnd = wordsAt + 8 * word;
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => hash.digest(),
    save() {
      const state = hash.save();
      const count = Number(new DataView(state.buffer, state.byteOffset).getBigUint64(countAt, true));
      return encodeHashState(algorithm, {
        words: new Uint32Array(state.slice(wordsAt, wordsEnd).buffer),
        count,
        partial: state.subarray(BLOCK_AT, BLOCK_AT + (count % block)),
      });
    },
    restore(saved) {
      const { words, count, partial } = decodeHashState(algorithm, saved);
      const state = fresh.slice();
      state.set(partial, BLOCK_AT);
      new DataView(state.buffer).setBigUint64(countAt, BigInt(count), true);
      state.set(new Uint8Array(words.buffer), wordsAt);
      hash.load(state);
    },
  };
}
