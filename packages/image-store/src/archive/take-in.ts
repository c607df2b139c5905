import { iterate } from '@stowage/core';
import { isStowageError, MEDIA_TYPES } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  ByteStream,
  ContentStore,
  Descriptor,
  Digest,
  Ingest,
  LayerScan,
  LayerStore,
  Lease,
  ProgressOutput,
  ScannedLayer,
} from '@stowage/types';
import { MAX_CONFIG_BYTES } from '../content/image-config.ts';
import { shortNameOf } from './archive-paths.ts';

/** How many bytes go by between two steps of progress. */
const STEP = 512 * 1024;

/** A file on its way into the content store. */
export interface IncomingFile {
  readonly path: string;
  readonly size: number;
  /** What its name promises. */
  readonly digest?: Digest | undefined;
  readonly body: ByteStream;
}

/** A file that is in the content store. */
export interface TakenFile {
  readonly digest: Digest;
  readonly size: number;
  /** What was learnt of it as a layer; absent where it is none, or was there before. */
  readonly scanned?: ScannedLayer | undefined;
}

/** What files are taken in with. */
export interface TakeInDeps {
  readonly content: Pick<ContentStore, 'ingest' | 'abort'>;
  readonly layers: Pick<LayerStore, 'scan'>;
  readonly lease: Lease | undefined;
  /** Told how far a file has come whose name says what it is. */
  readonly progressOutput: ProgressOutput;
}

/**
 * Stores a file as it comes and scans it as the layer that it probably is. A file that is too large for anything else
 * and is no layer is thrown away at once.
 *
 * @throws `DIGEST_MISMATCH` where it is not what its name says; of a large one what the scan throws
 */
export async function takeIn(
  file: IncomingFile,
  deps: TakeInDeps,
  options: AbortOptions,
): Promise<TakenFile> {
  const { path, size, digest, body } = file;
  const { content, lease } = deps;
  const ref = `load-${crypto.randomUUID()}`;
  if (digest !== undefined) await lease?.add([digest], options);
  let ingest: Ingest;
  try {
    ingest = await content.ingest(ref, { ...options, digest, size });
  } catch (error) {
    await body.cancel(error);
    // What is stored was verified when it came in.
    if (digest !== undefined && isStowageError(error, 'ALREADY_EXISTS')) return { digest, size };
    throw error;
  }
  const scan = new FileScan(await deps.layers.scan(ANY_LAYER), size > MAX_CONFIG_BYTES);
  try {
    const step = stepsOf(path, size, deps.progressOutput);
    for await (const bytes of iterate(body, options)) {
      await writeBoth(scan, ingest, bytes, options);
      step(ingest.offset);
    }
    const scanned = await scan.end();
    // Most layers are plain, and then this is the blob's digest: it is leased before anybody can see it.
    if (scanned !== undefined) await lease?.add([scanned.diffId], options);
    const info = await ingest.commit(options);
    await lease?.add([info.digest], options);
    return { digest: info.digest, size: info.size, scanned };
  } catch (error) {
    await scan.cancel();
    await ingest.close().catch(() => undefined);
    await content.abort(ref).catch(() => undefined);
    throw error;
  }
}

/** Any layer: how it is compressed is told by its first bytes. */
const ANY_LAYER: Descriptor = {
  mediaType: MEDIA_TYPES.ociLayer,
  digest: `sha256:${'0'.repeat(64)}` as Digest,
  size: 0,
};

/** The scan of a file that may not be a layer. */
class FileScan {
  readonly #scan: LayerScan;
  readonly #mustBeLayer: boolean;
  #failed = false;

  constructor(scan: LayerScan, mustBeLayer: boolean) {
    this.#scan = scan;
    this.#mustBeLayer = mustBeLayer;
  }

  write(bytes: Bytes, options: AbortOptions): Promise<void> {
    return this.#try(() => this.#scan.write(bytes, options), options);
  }

  end(): Promise<ScannedLayer | undefined> {
    return this.#try(() => this.#scan.end(), {});
  }

  cancel(): Promise<void> {
    return this.#scan.cancel();
  }

  async #try<T>(step: () => Promise<T>, { signal }: AbortOptions): Promise<T | undefined> {
    if (this.#failed) return undefined;
    try {
      return await step();
    } catch (error) {
      if (this.#mustBeLayer || signal?.aborted === true) throw error;
      this.#failed = true;
      await this.#scan.cancel();
      return undefined;
    }
  }
}

/** Waits for both even when one fails, so that nobody uses the bytes any more afterwards. */
async function writeBoth(scan: FileScan, ingest: Ingest, bytes: Bytes, options: AbortOptions): Promise<void> {
  const results = await Promise.allSettled([scan.write(bytes, options), ingest.write(bytes, options)]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** Tells how far a layer has come, under the name that it will have once it is registered. */
function stepsOf(path: string, total: number, output: ProgressOutput): (current: number) => void {
  const id = shortNameOf(path);
  let told = 0;
  return (current) => {
    if (id === undefined || current - told < STEP || current === total) return;
    told = current;
    output({ id, action: 'Loading layer', current, total });
  };
}
