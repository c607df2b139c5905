import { asDigest, StowageError } from '@stowage/types';
import type { Digest, Digester, DigestAlgorithm } from '@stowage/types';
import { allowsWebAssembly, builtinModule } from './platform.ts';
import type { RunningHash } from './running-hash.ts';
import { Sha256 } from './sha256.ts';

/**
 * What computes digests: `native` is node:crypto (Node, Deno, Bun), `wasm` is hash-wasm, `js` is plain TypeScript for
 * pages that forbid WebAssembly, with sha256 only.
 */
export type DigestBackend = 'native' | 'wasm' | 'js';

/** How a digester is made. */
export interface DigesterOptions {
  /** Default: `native` where there is one, else `wasm`, else `js`. */
  readonly backend?: DigestBackend | undefined;
}

const ALGORITHMS: readonly string[] = ['sha256', 'sha384', 'sha512'] satisfies DigestAlgorithm[];

/**
 * Makes a running hash. Its `save` and `restore` are there with the `wasm` and `js` backends, not with `native`; a
 * saved state belongs to its backend, its algorithm and the version of this package. A saved state tells as much as
 * the last bytes hashed. Calls that a digester cannot follow throw `INVALID_ARGUMENT`: anything but `restore` after
 * `digest`, and `restore` of a state that is not its own.
 *
 * @param algorithm default sha256
 * @param options which backend; the fastest that this runtime has when left out
 * @throws `UNSUPPORTED` for an unknown algorithm, a backend that this runtime does not have, and for sha384 and sha512
 *   with the `js` backend
 *
 * @example
 * ```ts
 * import { createDigester } from '@stowage/core';
 *
 * const digester = await createDigester();
 * digester.update(new TextEncoder().encode('abc'));
 * console.log(digester.digest().slice(0, 15)); // sha256:ba7816bf
 * ```
 */
export async function createDigester(
  algorithm: DigestAlgorithm = 'sha256',
  options: DigesterOptions = {},
): Promise<Digester> {
  if (!ALGORITHMS.includes(algorithm)) {
    throw unsupported(`unsupported digest algorithm ${JSON.stringify(algorithm)}`);
  }
  switch (options.backend ?? digestBackend()) {
    case 'native':
      return digesterOf(algorithm, nativeHash(algorithm));
    case 'wasm':
      return digesterOf(algorithm, await wasmHash(algorithm));
    case 'js':
      return digesterOf(algorithm, plainHash(algorithm));
  }
}

/** The backend that this runtime takes when none is named. */
export function digestBackend(): DigestBackend {
  if (builtinModule('node:crypto') !== undefined) return 'native';
  return allowsWebAssembly() ? 'wasm' : 'js';
}

function nativeHash(algorithm: DigestAlgorithm): RunningHash {
  const crypto = builtinModule('node:crypto');
  if (crypto === undefined) throw unsupported('this runtime has no node:crypto');
  const hash = crypto.createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => hash.digest('hex'),
  };
}

async function wasmHash(algorithm: DigestAlgorithm): Promise<RunningHash> {
  try {
    const { createWasmHash } = await import('./wasm-hash.ts');
    return await createWasmHash(algorithm);
  } catch (cause) {
    throw unsupported('this runtime cannot run WebAssembly', cause);
  }
}

function plainHash(algorithm: DigestAlgorithm): RunningHash {
  if (algorithm !== 'sha256') throw unsupported(`${algorithm} needs node:crypto or WebAssembly`);
  const hash = new Sha256();
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    digest: () => hash.digest(),
    state: hash,
  };
}

function digesterOf(algorithm: DigestAlgorithm, hash: RunningHash): Digester {
  let spent = false;
  const running = (): RunningHash => {
    if (spent) throw new StowageError('INVALID_ARGUMENT', 'the digester is spent: its digest was taken');
    return hash;
  };
  const digester: Digester = {
    algorithm,
    update(bytes) {
      running().update(bytes);
    },
    digest(): Digest {
      const encoded = running().digest();
      spent = true;
      return asDigest(`${algorithm}:${encoded}`);
    },
  };
  const { state } = hash;
  if (state === undefined) return digester;
  return {
    ...digester,
    save() {
      running();
      return state.save();
    },
    restore(saved) {
      try {
        state.restore(saved);
      } catch (cause) {
        throw new StowageError('INVALID_ARGUMENT', 'not a saved state of this digester', { cause });
      }
      spent = false;
    },
  };
}

function unsupported(message: string, cause?: unknown): StowageError {
  return new StowageError('UNSUPPORTED', message, cause === undefined ? {} : { cause });
}
