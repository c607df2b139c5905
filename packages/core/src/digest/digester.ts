import { asDigest, StowageError } from '@stowage/types';
import type { Digest, Digester, DigestAlgorithm } from '@stowage/types';
import { allowsWebAssembly, builtinModule } from '../platform/platform.ts';
import type { ResumableHash, RunningHash } from './running-hash.ts';
import { createPlainSha256 } from './sha256.ts';

/**
 * What computes digests: `native` is node:crypto (Node, Deno, Bun), `wasm` is WebAssembly, `js` is plain TypeScript for
 * pages that forbid WebAssembly.
 */
export type DigestBackend = 'native' | 'wasm' | 'js';

/** How a digester is made. */
export interface DigesterOptions {
  /**
   * Default: `native` where there is one, else `wasm`, else `js`. With `resumable`: `wasm` where it is allowed, else
   * `js`.
   */
  readonly backend?: DigestBackend | undefined;
  /** Asks for `save` and `restore`. Default false */
  readonly resumable?: boolean | undefined;
}

/** A digester whose running state can be saved. */
export type ResumableDigester = Digester & Required<Pick<Digester, 'save' | 'restore'>>;

const ALGORITHMS: readonly string[] = ['sha256', 'sha384', 'sha512'] satisfies DigestAlgorithm[];

/**
 * Makes a running hash. Its `save` and `restore` are there with the `wasm` and `js` backends, not with `native`. A
 * saved state is of its algorithm and of a version of its format, and nothing else: another process, runtime or backend
 * can go on from it. It tells as much as the last bytes hashed. Calls that a digester cannot follow throw
 * `INVALID_ARGUMENT` and change nothing: anything but `restore` after `digest`, and `restore` of what is no state of
 * the algorithm.
 *
 * @param algorithm default sha256
 * @param options which backend, and whether its state is to be saved; the fastest that this runtime has when left out
 * @throws `UNSUPPORTED` for an unknown algorithm, a backend that this runtime does not have, and for `native` when it
 *   is to be resumable
 *
 * @example
 * ```ts
 * import { createDigester } from '@stowage/core';
 *
 * const digester = await createDigester('sha256', { resumable: true });
 * digester.update(new TextEncoder().encode('ab'));
 * const state = digester.save();
 *
 * const later = await createDigester('sha256', { resumable: true });
 * later.restore(state);
 * later.update(new TextEncoder().encode('c'));
 * console.log(later.digest().slice(0, 15)); // sha256:ba7816bf
 * ```
 */
export function createDigester(
  algorithm: DigestAlgorithm | undefined,
  options: DigesterOptions & { readonly resumable: true },
): Promise<ResumableDigester>;
export function createDigester(algorithm?: DigestAlgorithm, options?: DigesterOptions): Promise<Digester>;
export async function createDigester(
  algorithm: DigestAlgorithm = 'sha256',
  options: DigesterOptions = {},
): Promise<Digester> {
  if (!ALGORITHMS.includes(algorithm)) {
    throw unsupported(`unsupported digest algorithm ${JSON.stringify(algorithm)}`);
  }
  const { backend, resumable = false } = options;
  switch (backend ?? (resumable ? resumableBackend() : digestBackend())) {
    case 'native':
      if (resumable) throw unsupported('node:crypto cannot save the state of a hash');
      return digesterOf(algorithm, nativeHash(algorithm));
    case 'wasm':
      return resumableDigesterOf(algorithm, await wasmHash(algorithm));
    case 'js':
      return resumableDigesterOf(algorithm, await plainHash(algorithm));
  }
}

/** The backend that this runtime takes when none is named. */
export function digestBackend(): DigestBackend {
  return builtinModule('node:crypto') === undefined ? resumableBackend() : 'native';
}

function resumableBackend(): DigestBackend {
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

async function wasmHash(algorithm: DigestAlgorithm): Promise<ResumableHash> {
  const { createWasmHash } = await import('./wasm-hash.ts');
  return createWasmHash(algorithm);
}

async function plainHash(algorithm: DigestAlgorithm): Promise<ResumableHash> {
  if (algorithm === 'sha256') return createPlainSha256();
  const { createPlainSha512 } = await import('./sha512.ts');
  return createPlainSha512(algorithm);
}

/** Whether the digest was taken. */
interface Life {
  spent: boolean;
}

function digesterOf(algorithm: DigestAlgorithm, hash: RunningHash, life: Life = { spent: false }): Digester {
  return {
    algorithm,
    update(bytes) {
      refuseSpent(life);
      hash.update(bytes);
    },
    digest(): Digest {
      refuseSpent(life);
      life.spent = true;
      return asDigest(`${algorithm}:${hash.digest()}`);
    },
  };
}

function resumableDigesterOf(algorithm: DigestAlgorithm, hash: ResumableHash): ResumableDigester {
  const life: Life = { spent: false };
  return {
    ...digesterOf(algorithm, hash, life),
    save() {
      refuseSpent(life);
      return hash.save();
    },
    restore(state) {
      try {
        hash.restore(state);
      } catch (cause) {
        throw new StowageError('INVALID_ARGUMENT', `not a saved state of ${algorithm}`, { cause });
      }
      life.spent = false;
    },
  };
}

function refuseSpent({ spent }: Life): void {
  if (spent) throw new StowageError('INVALID_ARGUMENT', 'the digester is spent: its digest was taken');
}

function unsupported(message: string): StowageError {
  return new StowageError('UNSUPPORTED', message);
}
