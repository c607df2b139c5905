import type { Bytes, Digester, DigestAlgorithm } from '@stowage/types';
import { FormatDecoder, sliceLength } from '../decompress/format-decoder.ts';
import { createDigester } from '../digest/digester.ts';
import type { LayerFindings, LayerWork } from '../workers/layer-work.ts';
import { cancelled, StageCalls } from '../stream/stage-calls.ts';
import { isPromise, LayerOutput } from './layer-stage-output.ts';
import type { StageTakers } from './layer-stage-output.ts';
import type { TarScanner } from '../tar/scan-tar.ts';
import type { TarLimits } from '../tar/tar-limits.ts';

/** What plain bytes, and the bytes that are written, pass through. */
interface Consumers extends Pick<StageTakers, 'onOutput'> {
  readonly digest: Digester | undefined;
  readonly diffId: Digester | undefined;
  readonly tar: TarScanner | undefined;
}

/** Hashes, inflates, hashes again and scans the archive in the thread that calls it. */
export class ThreadStage {
  readonly #calls: StageCalls;
  readonly #digest: Digester | undefined;
  readonly #decoder: FormatDecoder | undefined;
  readonly #diffId: Digester | undefined;
  readonly #tar: TarScanner | undefined;
  readonly #output: LayerOutput | undefined;
  #size = 0;

  private constructor(
    work: LayerWork,
    { digest, diffId, tar, onOutput: take }: Consumers,
    signal: AbortSignal | undefined,
  ) {
    this.#calls = new StageCalls(() => {
      this.#free();
    }, signal);
    const output = take === undefined ? undefined : new LayerOutput(take);
    this.#digest = digest;
    this.#diffId = diffId;
    this.#tar = tar;
    this.#output = output;
    if (work.decode === false) return;
    this.#decoder = new FormatDecoder({
      ...work,
      onOutput(bytes) {
        diffId?.update(bytes);
        tar?.write(bytes);
        output?.give(bytes);
      },
    });
  }

  /**
   * @param takers who is told what is found; of entries, where `work.tar` asks for them
   * @param signal cancels the stage
   */
  static async create(
    work: LayerWork,
    { onOutput, onEntry }: StageTakers = {},
    signal?: AbortSignal,
  ): Promise<ThreadStage> {
    const digesterOf = (algorithm: DigestAlgorithm | undefined): Promise<Digester | undefined> =>
      algorithm === undefined ? Promise.resolve(undefined) : createDigester(algorithm);
    const [digest, diffId, tar] = await Promise.all([
      digesterOf(work.digest),
      digesterOf(work.diffId),
      scannerOf(work.tar, onEntry),
    ]);
    signal?.throwIfAborted();
    return new ThreadStage(work, { digest, diffId, tar, onOutput }, signal);
  }

  write(bytes: Bytes): void | Promise<void> {
    if (!this.#calls.idle) return this.#calls.run(() => Promise.resolve());
    try {
      for (let at = 0; at < bytes.length;) {
        const slice = this.#slice(bytes, at);
        at += slice.length;
        const waiting = this.#take(slice);
        if (waiting !== undefined) return this.#calls.run(() => this.#writeRest(waiting, bytes, at));
      }
      return undefined;
    } catch (error) {
      return this.#calls.run(() => Promise.reject(error as Error));
    }
  }

  async #writeRest(waiting: Promise<void>, bytes: Bytes, from: number): Promise<void> {
    await waiting;
    for (let at = from; at < bytes.length;) {
      this.#calls.throwIfClosed();
      const slice = this.#slice(bytes, at);
      at += slice.length;
      const next = this.#take(slice);
      if (next !== undefined) await next;
    }
  }

  /**
   * What is hashed and decompressed next: it stays in the cache from one to the other, and what it can grow to still
   * fits into memory where the taker of the output makes it wait.
   */
  #slice(bytes: Bytes, at: number): Bytes {
    const format = this.#decoder === undefined ? 'plain' : this.#decoder.format;
    return bytes.subarray(at, at + sliceLength(format));
  }

  /** Takes one slice. Answers a promise where there is something to wait for. */
  #take(slice: Bytes): Promise<void> | undefined {
    this.#size += slice.length;
    this.#digest?.update(slice);
    const decoding = this.#decoder?.write(slice);
    return isPromise(decoding) ? this.#waitForBoth(decoding) : this.#output?.pending;
  }

  async #waitForBoth(decoding: Promise<void>): Promise<void> {
    await decoding;
    await this.#output?.pending;
  }

  end(): Promise<LayerFindings> {
    return this.#calls.finish(async () => {
      await this.#decoder?.end();
      this.#tar?.end();
      await this.#output?.pending;
      return {
        digest: this.#digest?.digest(),
        size: this.#size,
        diffId: this.#diffId?.digest(),
        diffSize: this.#decoder?.bytesOut ?? 0,
        format: this.#decoder?.format ?? 'plain',
        checkpoints: this.#decoder?.checkpoints ?? [],
      };
    });
  }

  /** Frees everything. What waits, and every later call, rejects with the reason. */
  cancel(reason: unknown = cancelled()): void {
    this.#calls.close(reason);
  }

  #free(): void {
    this.#decoder?.free(cancelled());
    this.#output?.clear();
  }
}

/** Loaded on demand: who looks for digests alone needs none. */
async function scannerOf(
  limits: TarLimits | undefined,
  onEntry: StageTakers['onEntry'],
): Promise<TarScanner | undefined> {
  if (limits === undefined || onEntry === undefined) return undefined;
  const { scanTar } = await import('../tar/scan-tar.ts');
  return scanTar({ onEntry, limits });
}
