import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import { createZstdEncodeEngine } from './zstd-encode-wasm.ts';
import type { ZstdEncodeEngine } from './zstd-encode-wasm.ts';
import type { ZstdCompressor, ZstdCompressorInit } from './zstd-compression.ts';
import { BLOCK_SIZE } from './zstd-engine.ts';

// Loaded on demand, as a file of its own: what only reads needs none of it.

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;
const CHECKSUM = 0x04;
const SINGLE_SEGMENT = 0x20;
/** 1 MiB, as the kernel has it (RFC 8878, section 3.1.1.1.2). */
const WINDOW = 0x50;

/** zstd by WebAssembly. Rejects with `UNSUPPORTED` where that is forbidden. */
export async function createZstdEncoder(init: ZstdCompressorInit): Promise<ZstdCompressor> {
  return new ZstdEncoder(await createZstdEncodeEngine(), init);
}

/** One frame. A block is made once there is more to come, or the end, so that its header can tell. */
class ZstdEncoder implements ZstdCompressor {
  readonly #init: ZstdCompressorInit;
  #engine: ZstdEncodeEngine | undefined;
  #filled = 0;
  #begun = false;
  #failure: unknown;

  constructor(engine: ZstdEncodeEngine, init: ZstdCompressorInit) {
    this.#engine = engine;
    this.#init = init;
  }

  write(bytes: Bytes): void {
    this.#run((engine) => {
      for (let at = 0; at < bytes.length;) {
        if (this.#filled === BLOCK_SIZE) this.#block(engine, false);
        const part = bytes.subarray(at, at + BLOCK_SIZE - this.#filled);
        engine.put(part, this.#filled);
        this.#filled += part.length;
        at += part.length;
      }
    });
  }

  end(): void {
    this.#run((engine) => {
      this.#block(engine, true);
      this.#emit(littleEndian(engine.checksum(), 4));
    });
    this.#close(new StowageError('INVALID_ARGUMENT', 'the compressor has ended'));
  }

  free(): void {
    this.#close(new StowageError('INVALID_ARGUMENT', 'the compressor was cancelled'));
  }

  #run(step: (engine: ZstdEncodeEngine) => void): void {
    try {
      this.#init.signal?.throwIfAborted();
      step(this.#get());
    } catch (error) {
      this.#close(error);
      throw error;
    }
  }

  #get(): ZstdEncodeEngine {
    if (this.#engine === undefined) throw this.#failure;
    return this.#engine;
  }

  #close(failure: unknown): void {
    if (this.#engine === undefined) return;
    this.#failure = failure;
    this.#engine.free();
    this.#engine = undefined;
  }

  #block(engine: ZstdEncodeEngine, last: boolean): void {
    if (!this.#begun)
      this.#emit(last ? wholeHeader(this.#filled) : Uint8Array.of(...MAGIC, CHECKSUM, WINDOW));
    this.#begun = true;
    const length = this.#filled;
    this.#filled = 0;
    this.#emit(engine.block(length, last));
  }

  /** Gives output out. Whoever takes it may free the compressor. */
  #emit(bytes: Bytes): void {
    this.#init.onOutput(bytes);
    this.#get();
  }
}

/** The header of a frame of one block, which tells the length of the content (RFC 8878, section 3.1.1.1). */
function wholeHeader(length: number): Uint8Array {
  const [flag, size] = length < 256 ? [0, 1] : length < 65_792 ? [1, 2] : [2, 4];
  const content = littleEndian(size === 2 ? length - 256 : length, size);
  return Uint8Array.of(...MAGIC, (flag << 6) | SINGLE_SEGMENT | CHECKSUM, ...content);
}

function littleEndian(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => value >>> (8 * index));
}
