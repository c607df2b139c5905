import { asDigest } from '@stowage/types';
import type {
  AbortOptions,
  Descriptor,
  DiffID,
  DownloadedLayer,
  LayerDownload,
  ProgressOutput,
} from '@stowage/types';
import { deferred } from '../shared/deferred.ts';
import type { Deferred } from '../shared/deferred.ts';

/** The DiffID of the scripted layer of that name, a hexadecimal digit. */
export function diffIdOf(name: string): DiffID {
  return asDigest(`sha256:${name.repeat(64)}`) as DiffID;
}

/** One attempt at a download, in the hands of the test. */
export interface Attempt {
  readonly progress: ProgressOutput;
  readonly signal: AbortSignal | undefined;
  succeed(): void;
  fail(reason: unknown): void;
}

/** A layer whose downloads do what the test says. Its name, a hexadecimal digit, decides its key and its DiffID. */
export class ScriptedLayer implements LayerDownload {
  readonly key: string;
  readonly id: string;
  readonly descriptor: Descriptor;
  readonly attempts: Attempt[] = [];
  /** The DiffIDs that it was told of. */
  readonly told: DiffID[] = [];
  /** What `diffId` answers. */
  known: DiffID | undefined;
  /** What telling it of its registration fails with. */
  registeredError: Error | undefined;

  constructor(name: string) {
    this.key = `v2:${name}`;
    this.id = `layer-${name}`;
    this.descriptor = {
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: diffIdOf(name),
      size: 100,
    };
  }

  diffId(options?: AbortOptions): Promise<DiffID | undefined> {
    return new Promise((resolve) => {
      options?.signal?.throwIfAborted();
      resolve(this.known);
    });
  }

  download(progress: ProgressOutput, options: AbortOptions = {}): Promise<DownloadedLayer> {
    const { signal } = options;
    const end: Deferred<DownloadedLayer> = deferred();
    const stop = (): void => {
      end.reject(signal?.reason);
    };
    signal?.addEventListener('abort', stop);
    const { descriptor } = this;
    this.attempts.push({
      progress,
      signal,
      succeed: () => {
        progress({ id: this.id, action: 'Download complete', phase: 'downloaded' });
        end.resolve({ descriptor, scanned: { diffId: descriptor.digest as DiffID, diffSize: 1 } });
      },
      fail: (reason) => {
        signal?.removeEventListener('abort', stop);
        end.reject(reason);
      },
    });
    progress({ id: this.id, action: 'Downloading', current: 1, total: 100, phase: 'downloading' });
    return end.promise;
  }

  registered(diffId: DiffID): Promise<void> {
    if (this.registeredError !== undefined) return Promise.reject(this.registeredError);
    this.told.push(diffId);
    return Promise.resolve();
  }

  /** The latest attempt. */
  get last(): Attempt {
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) throw new Error(`${this.id}: no download has begun`);
    return attempt;
  }
}
