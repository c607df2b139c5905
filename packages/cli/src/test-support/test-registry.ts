import { gzipSync } from 'node:zlib';
import { createTarWriter, digestBytes } from '@stowage/core';
import type { TarEntryInit } from '@stowage/core';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import type { Descriptor, Digest } from '@stowage/types';
import { createNodeListener } from '../http-adapter.ts';
import type { RequestHandler } from '../http-adapter.ts';
import { listen } from '../http-server.ts';

/** A file of a test layer: its tar header, and its text. */
export type TestFile = TarEntryInit & { readonly text?: string };

/** An image that was put into a registry. */
export interface TestImage {
  /** The digest of its manifest. */
  readonly digest: Digest;
  readonly imageId: Digest;
  readonly diffIds: readonly Digest[];
}

/** A registry on a port of its own. */
export interface TestRegistry {
  /** Host and port. */
  readonly host: string;
  /** The requests that came, as `GET /v2/`. */
  readonly requests: readonly string[];
  /** Puts an image in. */
  push(name: string, tag: string, layers: readonly (readonly TestFile[])[]): Promise<TestImage>;
  close(): Promise<void>;
}

const TYPES = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

/**
 * Starts a registry.
 *
 * @param guard asked first; an answer other than `undefined` is sent
 */
export async function startTestRegistry(
  guard: (request: Request) => Promise<Response | undefined> = () => Promise.resolve(undefined),
): Promise<TestRegistry> {
  const registry = createRegistryServer({ storage: createMemoryStorage() });
  const requests: string[] = [];
  const handler: RequestHandler = async (request) => {
    requests.push(`${request.method} ${new URL(request.url).pathname}`);
    return (await guard(request)) ?? (await registry(request));
  };
  const errors: unknown[] = [];
  const server = await listen(
    createNodeListener(handler, (error) => errors.push(error)),
    '127.0.0.1',
    0,
  );

  const send = async (method: string, path: string, body: Uint8Array, type: string): Promise<void> => {
    const headers = { 'Content-Type': type };
    const request = new Request(`http://registry/v2/${path}`, { method, headers, body: body as BodyInit });
    const { status } = await registry(request);
    if (status !== 201) throw new Error(`${method} ${path}: ${String(status)}`);
  };
  const put = async (name: string, bytes: Uint8Array, mediaType: string): Promise<Descriptor> => {
    const digest = await digestBytes(bytes);
    await send('POST', `${name}/blobs/uploads/?digest=${digest}`, bytes, 'application/octet-stream');
    return { mediaType, digest, size: bytes.length };
  };

  return {
    host: server.url.slice('http://'.length),
    requests,
    push: async (name, tag, layers) => {
      const tars = layers.map(makeTar);
      const diffIds = await Promise.all(tars.map((tar) => digestBytes(tar)));
      const blobs = [];
      for (const tar of tars) blobs.push(await put(name, gzipSync(tar), TYPES.layer));
      const config = await put(name, encodeJson(configOf(diffIds)), TYPES.config);
      const manifest = encodeJson({ schemaVersion: 2, mediaType: TYPES.manifest, config, layers: blobs });
      await send('PUT', `${name}/manifests/${tag}`, manifest, TYPES.manifest);
      return { digest: await digestBytes(manifest), imageId: config.digest, diffIds };
    },
    close: async () => {
      await server.close(0);
      if (errors.length > 0) throw new AggregateError(errors, 'the registry failed');
    },
  };
}

function makeTar(files: readonly TestFile[]): Uint8Array {
  const writer = createTarWriter();
  const parts = files.flatMap(({ text, ...header }) =>
    text === undefined ? writer.entry(header) : writer.entry(header, new TextEncoder().encode(text)),
  );
  return Buffer.concat([...parts, writer.end()]);
}

function configOf(diffIds: readonly Digest[]): object {
  return {
    created: '2024-01-01T00:00:00Z',
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map(() => ({ created: '2024-01-01T00:00:00Z', created_by: 'test' })),
  };
}

function encodeJson(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
