import type { Bytes } from '@stowage/types';
import { ZSTD_KERNEL } from '../generated/zstd.ts';
import { compileKernel, startKernel } from '../platform/kernel.ts';
import type { ZstdEngine } from './zstd-engine.ts';

/** What assembly/zstd.ts exports. Addresses and lengths are in bytes. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly INPUT: WebAssembly.Global<'i32'>;
  begin(windowSize: number): void;
  position(): number;
  makeRoom(): number;
  raw(length: number): void;
  repeat(length: number): void;
  compressed(length: number, most: number): number;
  hash(): void;
  checksum(): number;
}

/** Engines that were freed, kept because new memory is dear; none with the memory of a large window. */
const idle: WasmZstdEngine[] = [];
const MOST_IDLE = 4;
const MOST_IDLE_BYTES: number = 6 * 1024 * 1024;

/** An engine by WebAssembly. Rejects with `UNSUPPORTED` where that is missing or forbidden. */
export async function createWasmZstdEngine(): Promise<ZstdEngine> {
  const module = await compileKernel(ZSTD_KERNEL);
  return idle.pop() ?? new WasmZstdEngine(await startKernel(module));
}

class WasmZstdEngine implements ZstdEngine {
  readonly #kernel: Kernel;
  readonly #input: number;
  #memory: Uint8Array<ArrayBuffer>;
  #taken = 0;

  constructor({ exports }: WebAssembly.Instance) {
    this.#kernel = exports as unknown as Kernel;
    this.#input = this.#kernel.INPUT.value;
    this.#memory = new Uint8Array(this.#kernel.memory.buffer);
  }

  begin(windowSize: number): void {
    this.#kernel.begin(windowSize);
    this.#taken = this.#position();
  }

  put(bytes: Bytes, offset: number): void {
    this.#memory.set(bytes, this.#input + offset);
  }

  raw(length: number): number {
    const status = this.#makeRoom();
    if (status === 0) this.#kernel.raw(length);
    return status;
  }

  repeat(length: number): number {
    const status = this.#makeRoom();
    if (status === 0) this.#kernel.repeat(length);
    return status;
  }

  compressed(length: number, most: number): number {
    const status = this.#makeRoom();
    return status === 0 ? this.#kernel.compressed(length, most) : status;
  }

  take(): Bytes {
    const from = this.#taken;
    this.#taken = this.#position();
    return this.#memory.subarray(from, this.#taken);
  }

  hash(): void {
    this.#kernel.hash();
  }

  checksum(): number {
    return this.#kernel.checksum() >>> 0;
  }

  free(): void {
    if (idle.length < MOST_IDLE && this.#memory.length <= MOST_IDLE_BYTES) idle.push(this);
  }

  #makeRoom(): number {
    const status = this.#kernel.makeRoom();
    // A memory that grows gets a new buffer.
    if (this.#memory.length === 0) this.#memory = new Uint8Array(this.#kernel.memory.buffer);
    this.#taken = this.#position();
    return status;
  }

  #position(): number {
    return this.#kernel.position() >>> 0;
  }
}
