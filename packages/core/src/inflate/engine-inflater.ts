import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import type { CheckpointRecorder } from './checkpoint-recorder.ts';
import type { Checkpoint } from './checkpoint.ts';
import { checkPadding, invalidStream } from './decoder.ts';
import { AT_BLOCK, DONE, ERRORS, INPUT_SLICE, OUTPUT_FULL } from './inflate-engine.ts';
import type { InflateEngine } from './inflate-engine.ts';
import type { Framing } from './framing.ts';
import type { Inflater, InflaterInit } from './inflater-init.ts';
import { checkOutput } from './output-limits.ts';

const NOTHING = new Uint8Array(0);

/** Where in its framing a stream stands. `between`: complete, unless more follows. */
type Phase = 'header' | 'body' | 'trailer' | 'between' | 'padding';

/** The one implementation of `Inflater`: the framing, limits and checkpoints around an engine. */
export class EngineInflater implements Inflater {
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

  constructor(
    init: InflaterInit,
    engine: InflateEngine,
    framing: Framing,
    recorder: CheckpointRecorder | undefined,
  ) {
    const { restore } = init;
    this.#init = init;
    this.#engine = engine;
    this.#framing = framing;
    this.#trailer = new Uint8Array(this.#framing.trailerLength);
    this.#startIn = restore?.in ?? 0;
    this.#startOut = restore?.out ?? 0;
    this.#recorder = recorder;
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
    if (this.#verifies) {
      const check = this.#init.checksum === 'skip' ? undefined : this.#check;
      this.#framing.trailer(new DataView(trailer.buffer), this.#trailerFilled, check, this.#length);
    }
    if (this.#trailerFilled === trailer.length) this.#phase = 'between';
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
