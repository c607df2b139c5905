import type { Bytes, Digester, DigestAlgorithm } from '@stowage/types';
import type { CompressionFormat } from './compression-format.ts';
import { createDecompressor } from './decompressor.ts';
import type { Decompressor, DecompressOptions } from './decompressor.ts';
import { createDigester } from './digester.ts';
import { cancelled, StageCalls } from './layer-stage-calls.ts';
import { LayerOutput } from './layer-stage-output.ts';
import type { TakeOutput } from './layer-stage-output.ts';

/** What is to be done with a layer; a digest that is not named is not computed. */
export interface LayerWork extends DecompressOptions {
  readonly digest?: DigestAlgorithm | undefined;
  readonly diffId?: DigestAlgorithm | undefined;
}

/** What was found out about a layer, as far as it was asked for. */
export interface LayerFindings {
  readonly digest: string | undefined;
  readonly size: number;
  readonly diffId: string | undefined;
  readonly diffSize: number;
  readonly format: CompressionFormat;
}

/**
 * How much is hashed and inflated at a time: it stays in the cache from one to the other, and what it can grow to, a
 * thousand times as much, still fits into memory where the taker of the output makes it wait.
 */
const SLICE = 16 * 1024;

/** Hashes, inflates and hashes again in the thread that calls it. */
export class ThreadStage {
  readonly #calls: StageCalls;
  readonly #digest: Digester | undefined;
  readonly #decompressor: Decompressor;
  readonly #diffId: Digester | undefined;
  readonly #output: LayerOutput | undefined;

  private constructor(
    work: LayerWork,
    digesters: readonly [Digester | undefined, Digester | undefined],
    take: TakeOutput | undefined,
    signal: AbortSignal | undefined,
  ) {
    const [digest, diffId] = digesters;
    this.#calls = new StageCalls(() => {
      this.#free();
    }, signal);
    const output = take === undefined ? undefined : new LayerOutput(take);
    this.#digest = digest;
    this.#diffId = diffId;
    this.#output = output;
    this.#decompressor = createDecompressor({
      ...work,
      onOutput(bytes) {
        diffId?.update(bytes);
        output?.give(bytes);
      },
    });
  }

  /**
   * @param take gets the plain bytes, by the rules of `LayerStageInit.onOutput`
   * @param signal cancels the stage
   */
  static async create(work: LayerWork, take?: TakeOutput, signal?: AbortSignal): Promise<ThreadStage> {
    const digesterOf = (algorithm: DigestAlgorithm | undefined): Promise<Digester | undefined> =>
      algorithm === undefined ? Promise.resolve(undefined) : createDigester(algorithm);
    const digesters = await Promise.all([digesterOf(work.digest), digesterOf(work.diffId)]);
    signal?.throwIfAborted();
    return new ThreadStage(work, digesters, take, signal);
  }

  write(bytes: Bytes): Promise<void> {
    return this.#calls.run(async () => {
      for (let at = 0; at < bytes.length; at += SLICE) {
        const slice = bytes.length <= SLICE ? bytes : bytes.subarray(at, at + SLICE);
        this.#digest?.update(slice);
        await this.#decompressor.write(slice);
        // Looked at first: a promise for every slice would cost a turn each.
        if (this.#output?.pending !== undefined) await this.#output.pending;
      }
    });
  }

  end(): Promise<LayerFindings> {
    return this.#calls.finish(async () => {
      await this.#decompressor.end();
      await this.#output?.pending;
      return {
        digest: this.#digest?.digest(),
        size: this.#decompressor.bytesIn,
        diffId: this.#diffId?.digest(),
        diffSize: this.#decompressor.bytesOut,
        format: this.#decompressor.format ?? 'plain',
      };
    });
  }

  /** Frees everything. What waits, and every later call, rejects with the reason. */
  cancel(reason: unknown = cancelled()): void {
    this.#calls.close(reason);
  }

  #free(): void {
    void this.#decompressor.cancel();
    this.#output?.clear();
  }
}
