import { isStowageError, StowageError } from '@stowage/types';
import { EngineInflater } from './engine-inflater.ts';
import { WINDOW_SIZE } from './inflate-engine.ts';
import type { InflateEngine } from './inflate-engine.ts';
import { framingOf } from './inflate-framing.ts';
import { createWasmInflateEngine } from './inflate-wasm.ts';
import type { InflateBackend, Inflater, InflaterInit } from './inflater-init.ts';
import { allowsWebAssembly } from '../platform/platform.ts';

/**
 * Makes an inflater, which undoes the compression of a gzip, zlib or raw deflate stream, however it is cut into pieces.
 * After the end of the stream zeros may follow, as padding. On the way it can take checkpoints, from which a later
 * inflater reads the middle of the stream without its beginning.
 *
 * @param init the format, where output goes, limits, checkpoints
 * @throws `UNSUPPORTED` for `wasm` by name where WebAssembly is missing or forbidden, `UNAVAILABLE` where there is no room
 *   for its memory (without a name plain TypeScript is taken then); `INVALID_ARGUMENT` for a distance
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
  const framing = await framingOf(init.format ?? 'gzip');
  // Loaded before an engine is taken: what takes one must not fail.
  const recording = init.checkpointEvery === undefined ? undefined : await import('./checkpoint-recorder.ts');
  const engine = await createEngine(init.backend);
  const recorder = recording && new recording.CheckpointRecorder(engine, init);
  return new EngineInflater(init, engine, framing, recorder);
}

async function createEngine(named: InflateBackend | undefined): Promise<InflateEngine> {
  if ((named ?? inflateBackend()) === 'wasm') {
    try {
      return await createWasmInflateEngine();
    } catch (error) {
      // Where there is no room for its memory, slow is better than not at all.
      if (named !== undefined || !isStowageError(error, 'UNAVAILABLE')) throw error;
    }
  }
  const { createPlainInflateEngine } = await import('./inflate-js.ts');
  return createPlainInflateEngine();
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

function misuse(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
