import type { Bytes } from '@stowage/types';
import { nativeCrc32 } from './crc32.ts';
import { INFLATE_KERNEL } from '../generated/inflate.ts';
import { OUTPUT_FULL, WINDOW_SIZE } from './inflate-engine.ts';
import type { InflateEngine } from './inflate-engine.ts';
import { compileKernel, startKernel } from '../platform/kernel.ts';

/** What assembly/inflate.ts exports. Addresses and lengths are in bytes. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly INPUT: WebAssembly.Global<'i32'>;
  position(): number;
  unusedBits(): number;
  begin(windowLength: number, skip: number, firstByte: number): void;
  slide(): void;
  windowLength(): number;
  watch(): number;
  decode(length: number, stopAt: number): number;
  resume(stopAt: number): number;
  crc32(at: number, length: number, seed: number): number;
}

/** Engines that were freed, kept because new memory is dear: each has 448 KiB of it. */
const idle: WasmInflateEngine[] = [];
const MOST_IDLE = 4;

/** No address is as high. */
const NEVER = 0xffffffff;

/** An engine by WebAssembly. Rejects with `UNSUPPORTED` where that is missing or forbidden. */
export async function createWasmInflateEngine(): Promise<InflateEngine> {
  const module = await compileKernel(INFLATE_KERNEL);
  return idle.pop() ?? new WasmInflateEngine(await startKernel(module));
}

class WasmInflateEngine implements InflateEngine {
  readonly #kernel: Kernel;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #input: number;
  readonly #nativeCrc32 = nativeCrc32();
  #taken = 0;
  #takenBefore = 0;
  #used = 0;
  #full = false;

  constructor({ exports }: WebAssembly.Instance) {
    this.#kernel = exports as unknown as Kernel;
    // The memory never grows, so this view stays good.
    this.#memory = new Uint8Array(this.#kernel.memory.buffer);
    this.#input = this.#kernel.INPUT.value;
  }

  begin(window: Bytes, skip: number, first: number): void {
    this.#kernel.begin(window.length, skip, first);
    this.#taken = this.#kernel.position();
    this.#memory.set(window, this.#taken - window.length);
    this.#full = false;
  }

  decode(input: Bytes, stopAfter: number): number {
    this.#memory.set(input, this.#input);
    this.#makeRoom();
    return this.#after(this.#kernel.decode(input.length, this.#address(stopAfter)));
  }

  resume(stopAfter: number): number {
    this.#makeRoom();
    return this.#after(this.#kernel.resume(this.#address(stopAfter)));
  }

  take(): Bytes {
    this.#takenBefore = this.#taken;
    this.#taken = this.#kernel.position();
    return this.#memory.subarray(this.#takenBefore, this.#taken);
  }

  crc32(seed: number): number {
    const native = this.#nativeCrc32;
    if (native !== undefined) return native(this.#memory.subarray(this.#takenBefore, this.#taken), seed);
    return this.#kernel.crc32(this.#takenBefore, this.#taken - this.#takenBefore, seed) >>> 0;
  }

  unusedBits(): number {
    return this.#kernel.unusedBits();
  }

  window(): Bytes {
    const end = this.#kernel.position();
    return this.#memory.slice(end - this.#kernel.windowLength(), end);
  }

  watch(): void {
    this.#used = this.#kernel.watch();
  }

  used(): Bytes {
    return this.#memory.subarray(this.#used, this.#used + WINDOW_SIZE);
  }

  free(): void {
    if (idle.length < MOST_IDLE) idle.push(this);
  }

  #makeRoom(): void {
    if (!this.#full) return;
    this.#kernel.slide();
    this.#taken = this.#kernel.position();
  }

  #after(status: number): number {
    this.#full = status === OUTPUT_FULL;
    return status;
  }

  #address(stopAfter: number): number {
    return Math.min(this.#kernel.position() + stopAfter, NEVER) | 0;
  }
}
