import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import { CheckpointRecorder } from './checkpoint-recorder.ts';
import type { Checkpoint } from './checkpoint.ts';
import { checkPadding, invalidStream } from './decoder.ts';
import { AT_BLOCK, DONE, ERRORS, INPUT_SLICE, OUTPUT_FULL, WINDOW_SIZE } from './inflate-engine.ts';
import type { InflateEngine } from './inflate-engine.ts';
import { GzipFraming, RAW_FRAMING, ZlibFraming } from './inflate-framing.ts';
import type { Framing } from './inflate-framing.ts';
import { createWasmInflateEngine } from './inflate-wasm.ts';
import { checkOutput } from './output-limits.ts';
import { allowsWebAssembly } from './platform.ts';

/** What an inflater runs on: WebAssembly, or plain TypeScript for pages that forbid it. */
export type InflateBackend = 'wasm' | 'js';

/** What {@link createInflater} takes. */
export interface InflaterInit {
  /**
   * What is around the deflate data (RFC 1951): `gzip` (RFC 1952, any number of members), `zlib` (RFC 1950), or
   * nothing. Default `gzip`
   */
  readonly format?: 'gzip' | 'zlib' | 'raw' | undefined;
  /**
   * Takes the output. The bytes are only valid during the call: copy what is kept. What it throws ends the inflation
   * and is what the call of `write` throws.
   */
  onOutput(bytes: Bytes): void;
  /**
   * After how many bytes of output, at least, there is to be another checkpoint; less than 32 KiB counts as 32 KiB.
   * Default: none. A smaller distance makes for faster reading from the middle and a larger index.
   */
  readonly checkpointEvery?: number | undefined;
  /**
   * Where to go on. What is written then is the compressed stream from the byte `in` of the checkpoint on. The checks
   * of the gzip member, or of the zlib stream, that the checkpoint lies in are left out, because they cover what is not
   * read; those of later members are not.
   */
  readonly restore?: Checkpoint | undefined;
  /** The most bytes of output that this inflater may make. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /**
   * The most bytes of output for each byte of input, looked at once there is more than 1 MiB of output. Default: no
   * limit. Deflate itself cannot pass 1032.
   */
  readonly maxRatio?: number | undefined;
  /** Default: `wasm` where it is allowed, else `js`. */
  readonly backend?: InflateBackend | undefined;
  /**
   * Whether the checksums of the stream are computed and compared. `skip` is for content that is known by a digest
   * and makes inflation about a tenth faster; lengths are compared all the same. Default `verify`
   */
  readonly checksum?: 'verify' | 'skip' | undefined;
}

/**
 * Inflates what is written into it, at once and in the same call. A failure is final: every later `write` and `end`
 * fails with the same error, and what was given out before it is not to be trusted. It holds memory until its `end`,
 * a failure or `free`.
 */
export interface Inflater {
  /**
   * Takes compressed bytes, any number of them, and gives out all that they decode to. `INVALID_ARCHIVE` for a corrupt
   * stream, `UNSUPPORTED` for a zlib stream with a preset dictionary, `LIMIT_EXCEEDED`; `INVALID_ARGUMENT` after `end`
   * and `free` and within `onOutput`.
   */
  write(bytes: Bytes): void;
  /** Ends the stream. Throws as `write` does, with `INVALID_ARCHIVE` when the stream is not complete. */
  end(): void;
  /** The checkpoints so far, in order. The window of the last one may become smaller until the stream has ended. */
  readonly checkpoints: readonly Checkpoint[];
  /** Bytes taken so far; from a checkpoint on, counted from its `in`. */
  readonly bytesIn: number;
  /** Bytes given out so far; from a checkpoint on, counted from its `out`. */
  readonly bytesOut: number;
  /** Frees the memory for the next inflater. To be called unless `end` was or something failed. Idempotent. */
  free(): void;
}

const NOTHING = new Uint8Array(0);

/**
 * Makes an inflater, which undoes the compression of a gzip, zlib or raw deflate stream, however it is cut into pieces.
 * After the end of the stream zeros may follow, as padding. On the way it can take checkpoints, from which a later
 * inflater reads the middle of the stream without its beginning.
 *
 * @param init the format, where output goes, limits, checkpoints
 * @throws `UNSUPPORTED` for `wasm` by name where WebAssembly is missing or forbidden, `INVALID_ARGUMENT` for a distance
 *   that is not above 0 and a checkpoint that is none
 *
 * @example
 * ```ts
 * import { createInflater } from '@stowage/core';
 *
 * const gzipped = Uint8Array.from(atob('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=='), (c) => c.charCodeAt(0));
 * let text = '';
 * const inflater = await createInflater({ onOutput: (bytes) => (text += new TextDecoder().decode(bytes)) });
 * inflater.write(gzipped);
 * inflater.end();
 * console.log(text); // hello
 * ```
 */
export async function createInflater(init: InflaterInit): Promise<Inflater> {
  checkInit(init);
  const backend = init.backend ?? inflateBackend();
  if (backend === 'wasm') return new EngineInflater(init, await createWasmInflateEngine());
  const { PlainInflateEngine } = await import('./inflate-js.ts');
  return new EngineInflater(init, new PlainInflateEngine());
}

function checkInit({ checkpointEvery, restore }: InflaterInit): void {
  if (checkpointEvery !== undefined && !(checkpointEvery > 0)) {
    throw misuse('checkpoints need a distance in bytes');
  }
  if (
    restore !== undefined &&
    !(restore.window.length <= WINDOW_SIZE && restore.bits >= 0 && restore.bits < 8)
  ) {
    throw misuse('not a checkpoint');
  }
}

/** What this runtime takes where nothing is named. */
export function inflateBackend(): InflateBackend {
  return allowsWebAssembly() ? 'wasm' : 'js';
}

function framingOf(format: 'gzip' | 'zlib' | 'raw'): Framing {
  switch (format) {
    case 'gzip':
      return new GzipFraming();
    case 'zlib':
      return new ZlibFraming();
    case 'raw':
      return RAW_FRAMING;
  }
}

/** Where in its framing a stream stands. `between`: complete, unless more follows. */
type Phase = 'header' | 'body' | 'trailer' | 'between' | 'padding';

class EngineInflater implements Inflater {
  readonly #init: InflaterInit;
  readonly #engine: InflateEngine;
  readonly #framing: Framing;
  readonly #recorder: CheckpointRecorder | undefined;
  readonly #trailer: Uint8Array;
  #trailerFilled = 0;
  #phase: Phase = 'header';
  /** Whether the checksum and length of the stream at hand can be told. */
  #verifies = true;
  #check = 0;
  #length = 0;
  /** Bits of the first byte that a checkpoint leaves out, until that byte has come. */
  #skip = 0;
  readonly #startIn: number;
  readonly #startOut: number;
  #bytesIn = 0;
  #bytesOut = 0;
  #busy = false;
  #closed: { readonly reason: unknown } | undefined;

  constructor(init: InflaterInit, engine: InflateEngine) {
    const { format = 'gzip', checkpointEvery, restore } = init;
    this.#init = init;
    this.#engine = engine;
    this.#framing = framingOf(format);
    this.#trailer = new Uint8Array(this.#framing.trailerLength);
    this.#startIn = restore?.in ?? 0;
    this.#startOut = restore?.out ?? 0;
    if (checkpointEvery !== undefined) {
      this.#recorder = new CheckpointRecorder(engine, checkpointEvery, this.#startOut);
    }
    this.#framing.start();
    if (restore !== undefined) {
      this.#beginBody(restore.window);
      this.#verifies = false;
      this.#skip = restore.bits;
    } else if (this.#framing.open) this.#beginBody(NOTHING);
  }

  get checkpoints(): readonly Checkpoint[] {
    return this.#recorder?.checkpoints ?? [];
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  get bytesOut(): number {
    return this.#bytesOut;
  }

  write(bytes: Bytes): void {
    this.#guard(() => {
      const before = this.#bytesIn;
      this.#bytesIn += bytes.length;
      for (let at = 0; at < bytes.length;) at = this.#step(bytes, at, this.#startIn + before);
    });
  }

  end(): void {
    this.#guard(() => {
      if (this.#phase !== 'between' && this.#phase !== 'padding') {
        throw invalidStream(this.#framing.format, 'unexpected end of file');
      }
    });
    this.#close(misuse('the inflater has ended'));
  }

  free(): void {
    this.#close(misuse('the inflater was freed'));
  }

  /** Takes bytes from `at` on; the first one of them all is at `start` in the stream. Answers where it goes on from. */
  #step(bytes: Bytes, at: number, start: number): number {
    switch (this.#phase) {
      case 'header': {
        const next = this.#framing.header(bytes, at);
        if (this.#framing.open) this.#beginBody(NOTHING);
        return next;
      }
      case 'body':
        return this.#inflate(bytes, at, start);
      case 'trailer':
        return this.#takeTrailer(bytes, at);
      case 'between':
        if (bytes[at] === 0 || !this.#framing.repeats) this.#phase = 'padding';
        else {
          this.#framing.start();
          this.#phase = 'header';
        }
        return at;
      case 'padding':
        checkPadding(this.#framing.format, bytes.subarray(at));
        return bytes.length;
    }
  }

  #beginBody(window: Bytes): void {
    this.#engine.begin(window, 0, 0);
    this.#phase = 'body';
    this.#verifies = true;
    this.#check = this.#framing.seed;
    this.#length = 0;
  }

  #inflate(bytes: Bytes, at: number, start: number): number {
    let from = at;
    if (this.#skip > 0) {
      this.#engine.begin(this.#init.restore?.window ?? NOTHING, this.#skip, bytes[at] as number);
      this.#skip = 0;
      from += 1;
    }
    const end = Math.min(from + INPUT_SLICE, bytes.length);
    let status = this.#engine.decode(bytes.subarray(from, end), this.#stopAfter());
    for (;;) {
      this.#drain();
      if (status === AT_BLOCK) this.#addCheckpoint(start + end);
      else if (status !== OUTPUT_FULL) break;
      status = this.#engine.resume(this.#stopAfter());
    }
    const message = ERRORS[status];
    if (message !== undefined) throw invalidStream(this.#framing.format, message);
    if (status !== DONE) return end;
    this.#recorder?.settle();
    this.#phase = this.#trailer.length > 0 ? 'trailer' : 'between';
    this.#trailerFilled = 0;
    return end - (this.#engine.unusedBits() >> 3);
  }

  #stopAfter(): number {
    return this.#recorder?.stopAfter(this.#startOut + this.#bytesOut) ?? Infinity;
  }

  /** Takes a checkpoint. The input that the engine has ends at `end` of the stream. */
  #addCheckpoint(end: number): void {
    const unused = this.#engine.unusedBits();
    this.#recorder?.add({
      in: end - Math.ceil(unused / 8),
      bits: (8 - (unused % 8)) % 8,
      out: this.#startOut + this.#bytesOut,
    });
  }

  /** Gives out what the engine has made. */
  #drain(): void {
    const output = this.#engine.take();
    if (output.length === 0) return;
    this.#length += output.length;
    this.#bytesOut += output.length;
    checkOutput(this.#bytesIn, this.#bytesOut, this.#init);
    if (this.#verifies && this.#init.checksum !== 'skip') {
      this.#check = this.#framing.check(this.#engine, output, this.#check);
    }
    this.#recorder?.passed(this.#startOut + this.#bytesOut);
    this.#init.onOutput(output);
    // It may have freed the inflater.
    this.#throwIfClosed();
  }

  #takeTrailer(bytes: Bytes, at: number): number {
    const trailer = this.#trailer;
    const taken = bytes.subarray(at, at + trailer.length - this.#trailerFilled);
    trailer.set(taken, this.#trailerFilled);
    this.#trailerFilled += taken.length;
    if (this.#trailerFilled === trailer.length) {
      this.#phase = 'between';
      if (this.#verifies) {
        const skip = this.#init.checksum === 'skip';
        this.#framing.trailer(new DataView(trailer.buffer), skip ? undefined : this.#check, this.#length);
      }
    }
    return at + taken.length;
  }

  /** Runs one call, and only one at a time. */
  #guard(run: () => void): void {
    this.#throwIfClosed();
    if (this.#busy) throw misuse('the inflater is busy: its output cannot be written into it');
    this.#busy = true;
    try {
      run();
    } catch (error) {
      this.#close(error);
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  /** Takes no more calls and lets go of the engine. The first reason stays. */
  #close(reason: unknown): void {
    if (this.#closed !== undefined) return;
    this.#closed = { reason };
    this.#engine.free();
  }

  #throwIfClosed(): void {
    if (this.#closed !== undefined) throw this.#closed.reason;
  }
}

function misuse(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
