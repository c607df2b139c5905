import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import { cancelled, handled, StageCalls } from '../stream/stage-calls.ts';
import { LazyPool, sharedPool } from '../workers/worker-pool.ts';
import { allowsWebAssembly } from '../platform/platform.ts';
import type { Compressor, CompressorInit, GzipBackend } from './compressor-types.ts';
import { effortOf } from './deflate-engine.ts';
import type { DeflateEngine } from './deflate-engine.ts';
import { createWasmDeflateEngine } from './deflate-wasm.ts';
import { gzipHeader, gzipTrailer } from './gzip-frame.ts';
import type { RawCompressor, RawListener } from './raw-compressor.ts';
import { ThreadCompressor } from './thread-compressor.ts';

// Loaded on demand, as a file of its own with the kernel: most pages and processes compress nothing.

/** What is behind `createCompressor`. */
export async function openCompressor(init: CompressorInit, backend: GzipBackend): Promise<Compressor> {
  const { level = 6, workers = 0, workerPool = sharedPool(), signal } = init;
  const effort = effortOf(level);
  if (effort === undefined) throw misuse(`there is no level ${String(level)} of gzip`);
  if (!Number.isSafeInteger(workers) || workers < 0) throw misuse('not a number of workers');
  if (!(workerPool instanceof LazyPool))
    throw misuse('the worker pool is none that createWorkerPool has made');
  if (workers > 0 && backend === 'wasm' && allowsWebAssembly()) {
    const { WorkerCompressor, leaseWorkers } = await import('./worker-compressor.ts');
    const leases = await leaseWorkers(workerPool, workers, signal);
    if (leases.length > 0)
      return new GzipCompressor(init, level, (hears) => new WorkerCompressor(leases, effort, hears));
  }
  const engine = await createEngine(backend, level);
  if (signal?.aborted) {
    engine.free();
    throw signal.reason;
  }
  return new GzipCompressor(init, level, ({ give }) => new ThreadCompressor(engine, effort, give));
}

async function createEngine(backend: GzipBackend, level: number): Promise<DeflateEngine> {
  if (backend === 'wasm') return createWasmDeflateEngine();
  const { createPlainDeflateEngine } = await import('./deflate-js.ts');
  return createPlainDeflateEngine(level);
}

/** Puts the frame of gzip around deflate, and sees to it that calls come one after the other. */
class GzipCompressor implements Compressor {
  readonly workers: number;
  readonly #raw: RawCompressor;
  readonly #calls: StageCalls;
  readonly #give: (bytes: Bytes) => void;
  /** What is given before the first output. */
  #header: Uint8Array | undefined;
  #size = 0;
  /** Whether `onOutput` is being called. */
  #giving = false;

  constructor(init: CompressorInit, level: number, open: (hears: RawListener) => RawCompressor) {
    this.#header = gzipHeader(level);
    this.#give = (bytes) => {
      init.onOutput(bytes);
    };
    this.#raw = open({
      give: (bytes) => {
        this.#output(bytes);
      },
      fail: (error) => {
        this.#calls.close(error);
      },
    });
    this.workers = this.#raw.workers;
    this.#calls = new StageCalls(
      () => {
        this.#raw.free();
      },
      init.signal,
      'compressor',
    );
  }

  write(bytes: Bytes): void | Promise<void> {
    if (this.#giving) return this.#busy();
    if (!this.#calls.idle) return this.#calls.run(() => Promise.resolve());
    try {
      this.#size += bytes.length;
      const waiting = this.#raw.write(bytes);
      if (this.#calls.closed || waiting !== undefined) return this.#calls.run(() => Promise.resolve(waiting));
      return undefined;
    } catch (error) {
      return this.#calls.run(() => Promise.reject(error as Error));
    }
  }

  end(): Promise<void> {
    if (this.#giving) return this.#busy();
    return this.#calls.finish(async () => {
      await this.#raw.end();
      this.#output(gzipTrailer(this.#raw.crc, this.#size));
    });
  }

  #output(bytes: Bytes): void {
    this.#giving = true;
    try {
      for (const part of [this.#header, bytes]) {
        if (part === undefined || part.length === 0 || this.#calls.closed) continue;
        this.#header = undefined;
        this.#give(part);
      }
    } finally {
      this.#giving = false;
    }
  }

  #busy(): Promise<void> {
    return handled(Promise.reject(misuse('the compressor is busy: it waits for onOutput')));
  }

  free(): void {
    this.#calls.close(cancelled('compressor'));
  }
}

function misuse(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
