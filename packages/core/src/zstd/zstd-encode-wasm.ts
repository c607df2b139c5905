import type { Bytes } from '@stowage/types';
import { ZSTD_ENCODE_KERNEL } from '../generated/zstd-encode.ts';
import { compileKernel, startKernel } from '../platform/kernel.ts';

/** What assembly/zstd-encode.ts exports. Addresses and lengths are in bytes. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly OUTPUT: WebAssembly.Global<'i32'>;
  begin(): void;
  inputAt(): number;
  block(length: number, last: boolean): number;
  checksum(): number;
}

/** Engines that were freed, kept because new memory is dear. */
const idle: ZstdEncodeEngine[] = [];
const MOST_IDLE = 2;

/** An engine that begins a frame. Rejects with `UNSUPPORTED` where WebAssembly is missing or forbidden. */
export async function createZstdEncodeEngine(): Promise<ZstdEncodeEngine> {
  const module = await compileKernel(ZSTD_ENCODE_KERNEL);
  const engine = idle.pop() ?? new ZstdEncodeEngine(await startKernel(module));
  engine.begin();
  return engine;
}

/** Makes blocks of zstd. */
export class ZstdEncodeEngine {
  readonly #kernel: Kernel;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #output: number;
  #input = 0;

  constructor({ exports }: WebAssembly.Instance) {
    this.#kernel = exports as unknown as Kernel;
    this.#memory = new Uint8Array(this.#kernel.memory.buffer);
    this.#output = this.#kernel.OUTPUT.value;
  }

  /** Begins a frame, and a block. */
  begin(): void {
    this.#kernel.begin();
    this.#input = this.#kernel.inputAt();
  }

  /** Takes bytes of the block at hand, from `offset` in it on. */
  put(bytes: Bytes, offset: number): void {
    this.#memory.set(bytes, this.#input + offset);
  }

  /** Makes a block of what was put, with its header, and begins the next one. The bytes are valid until that is made. */
  block(length: number, last: boolean): Bytes {
    const size = this.#kernel.block(length, last);
    this.#input = this.#kernel.inputAt();
    return this.#memory.subarray(this.#output, this.#output + size);
  }

  /** The checksum of all that was put, 32 bits. */
  checksum(): number {
    return this.#kernel.checksum() >>> 0;
  }

  /** The engine is not needed any more. */
  free(): void {
    if (idle.length < MOST_IDLE) idle.push(this);
  }
}
