import { digestBytes, streamOf } from '@stowage/core';
import { createV2MetadataService } from '@stowage/image-store';
import { createMemoryStorage } from '@stowage/storage';
import { isStowageError, MEDIA_TYPES, StowageError } from '@stowage/types';
import type {
  Bytes,
  ByteStream,
  Clock,
  Descriptor,
  DiffID,
  LayerScanner,
  OpenBlobOptions,
  Progress,
  Repository,
  Storage,
} from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { createLayerDownload } from './layer-download.ts';

const bytes = Uint8Array.from({ length: 3_000 }, (_, index) => index % 251);
const digest = await digestBytes(bytes);
const descriptor: Descriptor = { mediaType: MEDIA_TYPES.ociLayer, digest, size: bytes.length };
const diffId = digest as unknown as DiffID;

/** A repository of one blob, which `serve` may spoil. */
function remoteOf(serve: (offset: number) => ByteStream): { remote: Repository; offsets: number[] } {
  const offsets: number[] = [];
  const open = (_digest: string, { offset = 0 }: OpenBlobOptions = {}): Promise<ByteStream> => {
    offsets.push(offset);
    return Promise.resolve(serve(offset));
  };
  return { remote: { blobs: { open } } as unknown as Repository, offsets };
}

function scannerOf(result: 'sound' | 'fails'): { scanner: LayerScanner; log: string[] } {
  const log: string[] = [];
  const scanner: LayerScanner = {
    scan: () =>
      Promise.resolve({
        write: (chunk: Bytes) => {
          log.push(`write ${chunk.length}`);
          return result === 'fails'
            ? Promise.reject(new StowageError('INVALID_ARCHIVE', 'x'))
            : Promise.resolve();
        },
        end: () => Promise.resolve({ diffId, diffSize: 1 }),
        cancel: () => {
          log.push('cancel');
          return Promise.resolve();
        },
      }),
  };
  return { scanner, log };
}

function downloadFrom(
  storage: Storage,
  remote: Repository,
  layerScanner?: LayerScanner,
): ReturnType<typeof createLayerDownload> {
  return createLayerDownload(descriptor, {
    contentStore: storage.content,
    layerMetadata: createV2MetadataService(storage.metadata),
    remote,
    sourceRepository: 'docker.io/library/app',
    layerScanner,
    clock,
  });
}

/** Time that stands still; what happens while somebody waits is up to the test. */
let onSleep: (milliseconds: number) => Promise<void> | void;
const clock: Clock = {
  now: () => 0,
  sleep: async (milliseconds, options) => {
    options?.signal?.throwIfAborted();
    await onSleep(milliseconds);
  },
};
beforeEach(() => {
  onSleep = () => {
    throw new Error('no need to wait');
  };
});

const sound = (offset: number): ByteStream =>
  streamOf(bytes.slice(offset, offset + 1_000), bytes.slice(offset + 1_000));

describe('a layer download', () => {
  it('stores, scans and reports', async () => {
    const storage = createMemoryStorage();
    const { scanner, log } = scannerOf('sound');
    const download = downloadFrom(storage, remoteOf(sound).remote, scanner);
    const steps: Progress[] = [];
    expect(download).toMatchObject({ key: `v2:${digest}`, id: digest.slice(7, 19) });
    expect(await download.download((step) => steps.push(step))).toEqual({
      descriptor,
      scanned: { diffId, diffSize: 1 },
    });
    expect(log.slice(0, 2)).toEqual(['write 1000', 'write 2000']);
    expect(await storage.content.read(digest, { maxBytes: 4_000 })).toEqual(bytes);
    expect(steps.map(({ action }) => action)).toEqual([
      ...['Downloading', 'Downloading', 'Downloading'],
      ...['Verifying Checksum', 'Download complete'],
    ]);
    expect(steps[2]).toMatchObject({ current: 3_000, total: 3_000, phase: 'downloading' });
  });

  it('goes on from where an earlier attempt ended, and then leaves the scan to the registration', async () => {
    const storage = createMemoryStorage();
    const torn = remoteOf(
      () =>
        new ReadableStream({
          start(controller) {
            controller.enqueue(bytes.slice(0, 1_200));
          },
          pull(controller) {
            controller.error(new StowageError('UNAVAILABLE', 'cut', { retryable: true }));
          },
        }),
    );
    const error: unknown = await downloadFrom(storage, torn.remote)
      .download(() => undefined)
      .catch((e: unknown) => e);
    expect(isStowageError(error, 'UNAVAILABLE')).toBe(true);
    const { remote, offsets } = remoteOf(sound);
    const { scanner, log } = scannerOf('sound');
    expect(await downloadFrom(storage, remote, scanner).download(() => undefined)).toEqual({
      descriptor,
      scanned: undefined,
    });
    expect([offsets, log]).toEqual([[1_200], []]);
  });

  it('does not open the wire for a blob that is here', async () => {
    const storage = createMemoryStorage();
    await downloadFrom(storage, remoteOf(sound).remote).download(() => undefined);
    const { remote, offsets } = remoteOf(sound);
    expect(await downloadFrom(storage, remote).download(() => undefined)).toEqual({ descriptor });
    expect(offsets).toEqual([]);
  });

  it('waits for whoever has begun, shows how far that is, and finds the blob', async () => {
    const storage = createMemoryStorage();
    const other = await storage.content.ingest(`layer-${digest}`, { digest, size: bytes.length });
    const waits: number[] = [];
    onSleep = async (milliseconds) => {
      waits.push(milliseconds);
      const { offset } = other;
      if (offset < bytes.length) await other.write(bytes.slice(offset, offset + 600));
      else await other.commit();
    };
    const steps: Progress[] = [];
    const { remote, offsets } = remoteOf(sound);
    const done = await downloadFrom(storage, remote).download((step) => steps.push(step));
    expect(done).toEqual({ descriptor });
    expect(offsets).toEqual([]);
    expect(waits).toEqual([20, 40, 80, 160, 250, 250]);
    expect(steps.map(({ action, current }) => [action, current])).toEqual([
      ['Downloading', 600],
      ['Downloading', 3_000],
      ['Download complete', undefined],
    ]);
  });

  it('goes on where whoever had begun gave up', async () => {
    const storage = createMemoryStorage();
    const other = await storage.content.ingest(`layer-${digest}`, { digest, size: bytes.length });
    await other.write(bytes.slice(0, 700));
    onSleep = () => other.close();
    const { remote, offsets } = remoteOf(sound);
    await downloadFrom(storage, remote).download(() => undefined);
    expect(offsets).toEqual([700]);
    expect((await storage.content.info(digest)).size).toBe(bytes.length);
  });

  it('waits no longer than its caller', async () => {
    const storage = createMemoryStorage();
    await using _other = await storage.content.ingest(`layer-${digest}`);
    const controller = new AbortController();
    const reason = new Error('enough');
    onSleep = () => {
      controller.abort(reason);
    };
    const { signal } = controller;
    await expect(
      downloadFrom(storage, remoteOf(sound).remote).download(() => undefined, { signal }),
    ).rejects.toBe(reason);
  });

  it('does not wait for a storage that is closed', async () => {
    const storage = createMemoryStorage();
    await storage.close();
    await expect(
      downloadFrom(storage, remoteOf(sound).remote).download(() => undefined),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('outlives a scan that fails: the digest decides', async () => {
    const storage = createMemoryStorage();
    const { scanner, log } = scannerOf('fails');
    const done = await downloadFrom(storage, remoteOf(sound).remote, scanner).download(() => undefined);
    expect(done).toEqual({ descriptor, scanned: undefined });
    expect(log.filter((line) => line.startsWith('write'))).toEqual(['write 1000']);
  });

  it('asks for the blob while the scan begins, and outlives one that cannot', async () => {
    const storage = createMemoryStorage();
    const { remote, offsets } = remoteOf(sound);
    let refuse: (reason: unknown) => void = () => undefined;
    const scan = (): Promise<never> => new Promise((_resolve, reject) => (refuse = reject));
    const downloading = downloadFrom(storage, remote, { scan }).download(() => undefined);
    await expect.poll(() => offsets).toEqual([0]);
    refuse(new StowageError('UNAVAILABLE', 'the worker died'));
    expect(await downloading).toEqual({ descriptor, scanned: undefined });
    expect(await storage.content.read(digest, { maxBytes: 4_000 })).toEqual(bytes);
  });

  it('throws wrong bytes away, and asks for another try only when some were from before', async () => {
    const storage = createMemoryStorage();
    const wrong = remoteOf((offset) => streamOf(new Uint8Array(3_000 - offset)));
    const first: unknown = await downloadFrom(storage, wrong.remote)
      .download(() => undefined)
      .catch((e: unknown) => e);
    expect(first).toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: `filesystem layer verification failed for digest ${digest}`,
      retryable: false,
    });
    {
      await using ingest = await storage.content.ingest(`layer-${digest}`, { digest, size: bytes.length });
      expect(ingest.offset).toBe(0);
      await ingest.write(new Uint8Array(10));
    }
    const second: unknown = await downloadFrom(storage, remoteOf(sound).remote)
      .download(() => undefined)
      .catch((e: unknown) => e);
    expect(second).toMatchObject({ code: 'DIGEST_MISMATCH', retryable: true });
    await downloadFrom(storage, remoteOf(sound).remote).download(() => undefined);
    expect((await storage.content.info(digest)).size).toBe(3_000);
  });

  it('remembers a DiffID for as long as its blob is here', async () => {
    const storage = createMemoryStorage();
    const download = downloadFrom(storage, remoteOf(sound).remote);
    expect(await download.diffId()).toBeUndefined();
    await download.download(() => undefined);
    expect(await download.diffId()).toBeUndefined();
    await download.registered?.(diffId);
    expect(await download.diffId()).toBe(diffId);
    await storage.content.delete(digest);
    expect(await download.diffId()).toBeUndefined();
  });
});
