import type { Bytes } from '@stowage/types';
import { DEFLATE_KERNEL } from '../generated/deflate.ts';
import { nativeCrc32 } from '../inflate/crc32.ts';
import { compileKernel, startKernel } from '../platform/kernel.ts';
import { DICTIONARY_SIZE, SEGMENT_SIZE } from './deflate-engine.ts';
import type { DeflateEngine } from './deflate-engine.ts';
import type { DeflateEffort } from '../workers/worker-protocol.ts';

/** What assembly/deflate.ts exports. Addresses and lengths are in bytes. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly INPUT: WebAssembly.Global<'i32'>;
  readonly OUTPUT: WebAssembly.Global<'i32'>;
  begin(dictionary: number, length: number, depth: number, nice: number, lazy: number): void;
  step(): number;
  end(last: number): number;
  crc32(at: number, length: number, seed: number): number;
}

/** Engines that were freed, kept because new memory is dear: each has a little more than 1 MiB of it. */
const idle: WasmDeflateEngine[] = [];
const MOST_IDLE = 2;

/** An engine by WebAssembly. Rejects with `UNSUPPORTED` where that is missing or forbidden. */
export async function createWasmDeflateEngine(): Promise<DeflateEngine> {
  const module = await compileKernel(DEFLATE_KERNEL);
  return idle.pop() ?? new WasmDeflateEngine(await startKernel(module));
}

class WasmDeflateEngine implements DeflateEngine {
  readonly input: Uint8Array;
  readonly #kernel: Kernel;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #nativeCrc32 = nativeCrc32();

  constructor({ exports }: WebAssembly.Instance) {
    this.#kernel = exports as unknown as Kernel;
    // The memory never grows, so these views stay good.
    this.#memory = new Uint8Array(this.#kernel.memory.buffer);
    const segment = this.#kernel.INPUT.value;
    this.input = this.#memory.subarray(segment - DICTIONARY_SIZE, segment + SEGMENT_SIZE);
  }

  deflate(dictionary: number, length: number, [depth, nice, lazy]: DeflateEffort, last: boolean): Bytes {
    const kernel = this.#kernel;
    kernel.begin(dictionary, length, depth, nice, lazy);
    while (kernel.step() !== 0);
    const output = kernel.OUTPUT.value;
    return this.#memory.subarray(output, output + kernel.end(last ? 1 : 0));
  }

  crc32(length: number, seed: number): number {
    const native = this.#nativeCrc32;
    if (native === undefined) return this.#kernel.crc32(this.#kernel.INPUT.value, length, seed) >>> 0;
    return native(this.input.subarray(DICTIONARY_SIZE, DICTIONARY_SIZE + length), seed);
  }

  free(): void {
    if (idle.length < MOST_IDLE) idle.push(this);
  }
}
