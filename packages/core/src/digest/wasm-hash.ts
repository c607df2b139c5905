import type { DigestAlgorithm } from '@stowage/types';
import { BlockHash } from './block-hash.ts';
import type { Compress } from './block-hash.ts';
import { HASH_PARAMETERS } from './hash-parameters.ts';
import { compileKernel, startKernel } from '../platform/kernel.ts';
import type { ResumableHash } from './running-hash.ts';

// Loaded on demand, as a file of its own, and so are the kernels: a runtime with hashes of its own needs neither.

const KERNELS = {
  sha256: async () => (await import('../generated/sha256-simd.ts')).SHA256_SIMD_KERNEL,
  sha512: async () => (await import('../generated/sha512-simd.ts')).SHA512_SIMD_KERNEL,
};

/** What `assembly/sha256-simd.ts` and `assembly/sha512-simd.ts` export. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly STATE: WebAssembly.Global;
  readonly DATA: WebAssembly.Global;
  readonly ROOM: WebAssembly.Global;
  compress(blocks: number): void;
}

/** One instance for each kernel serves all hashes: their states are with them. */
const instances = new Map<string, Promise<Compress>>();

/**
 * A hash by WebAssembly: by kernels of our own, or by hash-wasm where the engine has no vector instructions.
 *
 * @throws `UNSUPPORTED` where WebAssembly is missing or forbidden
 */
export async function createWasmHash(algorithm: DigestAlgorithm): Promise<ResumableHash> {
  let compress: Compress;
  try {
    compress = await sharedKernel(algorithm);
  } catch {
    const { createScalarHash } = await import('./scalar-hash.ts');
    return createScalarHash(algorithm);
  }
  return new BlockHash(algorithm, compress);
}

function sharedKernel(algorithm: DigestAlgorithm): Promise<Compress> {
  const name = algorithm === 'sha256' ? 'sha256' : 'sha512';
  const known = instances.get(name);
  if (known !== undefined) return known;
  const starting = startHashKernel(algorithm, KERNELS[name]);
  instances.set(name, starting);
  // Not kept: what failed for want of memory may work later.
  starting.catch(() => instances.delete(name));
  return starting;
}

async function startHashKernel(algorithm: DigestAlgorithm, load: () => Promise<string>): Promise<Compress> {
  const { block, initial } = HASH_PARAMETERS[algorithm];
  const module = await compileKernel(await load());
  const kernel = (await startKernel(module)).exports as unknown as KernelExports;
  const { buffer } = kernel.memory;
  const room = kernel.ROOM.value as number;
  const state = new Uint32Array(buffer, kernel.STATE.value as number, initial.length);
  const data = new Uint8Array(buffer, kernel.DATA.value as number, room);
  return (words, bytes, blocks) => {
    state.set(words);
    const end = blocks * block;
    for (let at = 0; at < end; at += room) {
      const slice = bytes.subarray(at, Math.min(at + room, end));
      data.set(slice);
      kernel.compress(slice.length / block);
    }
    words.set(state);
  };
}
