import type { DigestAlgorithm } from '@stowage/types';
import { createSHA256, createSHA384, createSHA512 } from 'hash-wasm';
import type { RunningHash } from './running-hash.ts';

// Loaded on demand, as a file of its own: so a bundler takes three hashes from hash-wasm and leaves the rest.

const FACTORIES = { sha256: createSHA256, sha384: createSHA384, sha512: createSHA512 } as const;

/** A hash by WebAssembly. Rejects where that is missing or forbidden. */
export async function createWasmHash(algorithm: DigestAlgorithm): Promise<RunningHash> {
  const hash = await FACTORIES[algorithm]();
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => hash.digest(),
    state: { save: () => hash.save(), restore: (state) => void hash.load(state) },
  };
}
