import type { AbortOptions, Descriptor, DiffID, LayerUpload, ProgressOutput } from '@stowage/types';
import { deferred } from '../shared/deferred.ts';
import { diffIdOf } from './scripted-layer.ts';

/** One attempt at an upload, in the hands of the test. */
export interface UploadAttempt {
  readonly progress: ProgressOutput;
  readonly signal: AbortSignal | undefined;
  succeed(): void;
  fail(reason: unknown): void;
}

/** A layer whose uploads do what the test says. Its name, a hexadecimal digit, decides its key and its DiffID. */
export class ScriptedUpload implements LayerUpload {
  readonly key: string;
  readonly id: string;
  readonly diffId: DiffID;
  readonly blob: Descriptor;
  readonly attempts: UploadAttempt[] = [];
  /** What it was told that the registry has. */
  readonly told: Descriptor[] = [];

  constructor(name: string) {
    this.key = `v2push:app ${name}`;
    this.id = `layer-${name}`;
    this.diffId = diffIdOf(name);
    this.blob = {
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: this.diffId,
      size: 100,
    };
  }

  upload(progress: ProgressOutput, { signal }: AbortOptions = {}): Promise<Descriptor> {
    const end = deferred<Descriptor>();
    signal?.addEventListener('abort', () => {
      end.reject(signal.reason);
    });
    this.attempts.push({
      progress,
      signal,
      succeed: () => {
        progress({ id: this.id, action: 'Pushed', phase: 'done' });
        end.resolve(this.blob);
      },
      fail: (reason) => {
        end.reject(reason);
      },
    });
    progress({ id: this.id, action: 'Pushing', current: 1, total: 100, phase: 'uploading' });
    return end.promise;
  }

  setRemoteDescriptor(descriptor: Descriptor): void {
    this.told.push(descriptor);
  }

  /** The latest attempt. */
  get last(): UploadAttempt {
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) throw new Error(`${this.id}: no upload has begun`);
    return attempt;
  }
}
