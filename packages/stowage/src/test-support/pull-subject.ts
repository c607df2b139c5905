import { MEDIA_TYPES } from '@stowage/types';
import type { Clock, Descriptor, Platform } from '@stowage/types';
import { beforeEach, expect } from 'vitest';
import { openStowage } from '../open-stowage.ts';
import type { PullOptions, Stowage, StowageOptions } from '../stowage.ts';
import { FakeRegistry } from './fake-registry.ts';

export const AMD64: Platform = { os: 'linux', architecture: 'amd64' };
export const APP = 'localhost/app:v1';

/** What the tests of pulls work with; made anew for each. */
export const subject = {
  registry: new FakeRegistry(),
  /** What was waited for, milliseconds; no time passes. */
  waits: [] as number[],
};
const clock: Clock = {
  now: () => 0,
  sleep: (milliseconds, options) => {
    options?.signal?.throwIfAborted();
    // Requests never time out here.
    if (milliseconds >= 15_000) return new Promise(() => undefined);
    subject.waits.push(milliseconds);
    return Promise.resolve();
  },
};
beforeEach(() => {
  subject.registry = new FakeRegistry();
  subject.waits = [];
});

/** Opens a store in memory over that registry. */
export function open(options: StowageOptions = {}): Promise<Stowage> {
  return openStowage({
    fetch: (url, init) => subject.registry.fetch(url, init),
    clock,
    random: () => 0,
    ...options,
  });
}

/** A pull that tells what was said: `id: words`, in order, numbers left out. */
export async function told(stowage: Stowage, reference: string, options: PullOptions = {}) {
  const lines: string[] = [];
  const onProgress: PullOptions['onProgress'] = ({ id, action, message }) => {
    const line = `${id}: ${message ?? action ?? ''}`;
    if (lines.at(-1) !== line) lines.push(line);
  };
  const outcome: unknown = await stowage
    .pull(reference, { platform: AMD64, ...options, onProgress })
    .catch((error: unknown) => error);
  return { lines, outcome };
}

export interface ImageShape {
  readonly tag?: string;
  readonly repository?: string;
  readonly mediaType?: string;
  readonly platform?: Platform;
  readonly configType?: string;
  readonly layerType?: string;
  readonly config?: object | string;
  readonly urls?: readonly string[];
}

/** Puts an image of two layers into the registry, of any shape. */
export async function putImage(shape: ImageShape = {}) {
  const { tag = 'v1', repository = 'app', mediaType = MEDIA_TYPES.ociManifest, urls } = shape;
  const { layerType = MEDIA_TYPES.ociLayer, configType = MEDIA_TYPES.ociConfig, platform = AMD64 } = shape;
  const layers: Descriptor[] = [];
  for (const files of [{ base: `of ${tag}` }, { top: `of ${tag} ${platform.architecture}` }]) {
    layers.push({
      ...(await subject.registry.layer(repository, files, layerType)),
      ...(urls === undefined ? {} : { urls }),
    });
  }
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const document = shape.config ?? { ...platform, rootfs };
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const config = await subject.registry.blob(repository, text, configType);
  const manifest = await subject.registry.manifest(
    repository,
    [tag],
    { schemaVersion: 2, mediaType, config, layers },
    mediaType,
  );
  return { manifest, config, layers };
}

/** What must hold of a store, whatever happened. */
export const soundStore = async (stowage: Stowage): Promise<void> => {
  expect((await stowage.check()).problems).toEqual([]);
  // Layers that broke off are gone on with; anything else is fetched anew.
  for await (const { ref } of stowage.content.ingests()) expect(ref).toMatch(/^layer-/);
};
