import { createTarWriter, digestBytes } from '@stowage/core';
import { createRegistryServer, toFetch } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { MEDIA_TYPES } from '@stowage/types';
import type { Bytes, Descriptor, Fetch, Platform } from '@stowage/types';

/** A registry without a network, and what was asked of it. */
export interface TestRegistry {
  readonly fetch: Fetch;
  /** `METHOD path` of every request. */
  readonly requests: string[];
  /** Pushes an image whose layers hold the files named, by path; answers its manifest's descriptor. */
  push(
    name: string,
    layers: readonly Readonly<Record<string, string>>[],
    platform?: Platform,
    oddities?: { readonly mediaType?: string; readonly diffIds?: readonly string[] },
  ): Promise<Descriptor>;
  /** Pushes an index over manifests that are there. */
  pushIndex(name: string, manifests: readonly Descriptor[]): Promise<Descriptor>;
}

const encoder = new TextEncoder();

/** Makes a registry that answers under every host name. */
export function createTestRegistry(): TestRegistry {
  const serve = toFetch(createRegistryServer({ storage: createMemoryStorage() }));
  const requests: string[] = [];
  const send = async (method: string, path: string, bytes: Bytes, type: string): Promise<void> => {
    const body = new Uint8Array(bytes);
    const response = await serve(`http://registry/v2/${path}`, {
      method,
      body,
      headers: { 'content-type': type },
    });
    if (response.status !== 201) throw new Error(`${method} ${path}: ${await response.text()}`);
  };
  const pushBlob = async (repository: string, bytes: Bytes, mediaType: string): Promise<Descriptor> => {
    const digest = await digestBytes(bytes);
    await send('POST', `${repository}/blobs/uploads/?digest=${digest}`, bytes, MEDIA_TYPES.octetStream);
    return { mediaType, digest, size: bytes.length };
  };
  const pushManifest = async (name: string, document: { mediaType: string }): Promise<Descriptor> => {
    const [repository = '', tag = 'latest'] = name.split(':');
    const bytes = encoder.encode(JSON.stringify({ schemaVersion: 2, ...document }));
    await send('PUT', `${repository}/manifests/${tag}`, bytes, document.mediaType);
    return { mediaType: document.mediaType, digest: await digestBytes(bytes), size: bytes.length };
  };
  return {
    requests,
    fetch: (url, init) => {
      requests.push(`${init?.method ?? 'GET'} ${new URL(url).pathname}`);
      return serve(url, init);
    },
    async push(name, trees, platform = { os: 'linux', architecture: 'amd64' }, oddities = {}) {
      const [repository = ''] = name.split(':');
      const layers: Descriptor[] = [];
      for (const tree of trees) layers.push(await pushBlob(repository, tarOf(tree), MEDIA_TYPES.ociLayer));
      const rootfs = { type: 'layers', diff_ids: oddities.diffIds ?? layers.map(({ digest }) => digest) };
      const bytes = encoder.encode(JSON.stringify({ ...platform, created: '2024-01-02T03:04:05Z', rootfs }));
      const config = await pushBlob(repository, bytes, oddities.mediaType ?? MEDIA_TYPES.ociConfig);
      return pushManifest(name, { mediaType: MEDIA_TYPES.ociManifest, config, layers } as {
        mediaType: string;
      });
    },
    pushIndex: (name, manifests) =>
      pushManifest(name, { mediaType: MEDIA_TYPES.ociIndex, manifests } as { mediaType: string }),
  };
}

/** A tar with the files named, by path. */
export function tarOf(tree: Readonly<Record<string, string>>): Bytes {
  const writer = createTarWriter();
  const parts = Object.entries(tree).flatMap(([name, content]) =>
    writer.entry({ name }, encoder.encode(content)),
  );
  const all = [...parts, writer.end()];
  const bytes = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
