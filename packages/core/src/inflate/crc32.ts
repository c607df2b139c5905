import { CRC32_KERNEL } from '../generated/crc32.ts';
import { instantiateKernel } from '../platform/kernel.ts';
import { allowsWebAssembly, builtinModule } from '../platform/platform.ts';

/** What computes a CRC-32: node:zlib, WebAssembly, or plain TypeScript. */
export type Crc32Backend = 'zlib' | 'wasm' | 'js';

/**
 * The CRC-32 of gzip and zip (ISO 3309): by node:zlib where it has it, else by WebAssembly, else by a table.
 *
 * @param bytes what to check
 * @param seed the CRC of what came before, to go on from there. Default 0
 * @returns an unsigned 32-bit number
 *
 * @example
 * ```ts
 * import { crc32 } from '@stowage/core';
 *
 * console.log(crc32(new TextEncoder().encode('123456789')).toString(16)); // cbf43926
 * ```
 */
export function crc32(bytes: Uint8Array, seed = 0): number {
  const native = nativeCrc32();
  if (native !== undefined) return native(bytes, seed >>> 0);
  if (bytes.length < WORTH_A_KERNEL) return plainCrc32(bytes, seed);
  return kernelCrc32(bytes, seed) ?? plainCrc32(bytes, seed);
}

/** What serves {@link crc32} here. */
export function crc32Backend(): Crc32Backend {
  if (nativeCrc32() !== undefined) return 'zlib';
  return allowsWebAssembly() ? 'wasm' : 'js';
}

/** The runtime's own, where it has one. */
export function nativeCrc32(): ((bytes: Uint8Array, seed: number) => number) | undefined {
  const zlib = builtinModule('node:zlib') as
    { crc32?: (bytes: Uint8Array, seed: number) => number } | undefined;
  return zlib?.crc32;
}

/** Below this many bytes the table is done before the bytes are copied. */
const WORTH_A_KERNEL = 1024;

/** The input of the kernel holds this much. */
const SLICE = 64 * 1024;

/** What assembly/crc32.ts exports. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly INPUT: WebAssembly.Global<'i32'>;
  crc32(at: number, length: number, seed: number): number;
}

/** Made on first use. `null` where it cannot be. */
let kernel: Kernel | null | undefined;

/** {@link crc32} by WebAssembly, or `undefined` where that is forbidden. */
export function kernelCrc32(bytes: Uint8Array, seed: number): number | undefined {
  if (kernel === undefined) {
    kernel = (instantiateKernel(CRC32_KERNEL)?.exports as unknown as Kernel | undefined) ?? null;
  }
  if (kernel === null) return undefined;
  const input = kernel.INPUT.value;
  const memory = new Uint8Array(kernel.memory.buffer, input, SLICE);
  let crc = seed;
  for (let at = 0; at < bytes.length; at += SLICE) {
    const slice = bytes.subarray(at, at + SLICE);
    memory.set(slice);
    crc = kernel.crc32(input, slice.length, crc);
  }
  return crc >>> 0;
}

/** The reversed polynomial of ISO 3309. */
const POLYNOMIAL = 0xedb88320;

/** What each value of a byte does to the CRC. Made on first use. */
let table: Int32Array | undefined;

/** {@link crc32} by a table, for few bytes, and for pages that forbid WebAssembly. */
export function plainCrc32(bytes: Uint8Array, seed: number): number {
  const known = (table ??= makeTable());
  let crc = ~seed;
  for (let at = 0; at < bytes.length; at += 1) {
    crc = (known[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

function makeTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    return value;
  });
}
