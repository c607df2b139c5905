import { digestBytes } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { asDigest, MEDIA_TYPES } from '@stowage/types';
import type { Bytes, Descriptor, Digest, Storage } from '@stowage/types';
import { createRegistryServer } from '../registry-server.ts';
import type { RegistryServer, RegistryServerOptions } from '../registry-server.ts';

/** What a test sends with a request. */
export interface TestRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Bytes;
}

/** A registry over memory, with the requests that most tests begin with. */
export interface TestRegistry {
  readonly storage: Storage;
  readonly server: RegistryServer;
  readonly call: (method: string, path: string, request?: TestRequest) => Promise<Response>;
  /** Pushes a blob in one request. */
  readonly pushBlob: (repository: string, content: string | Bytes) => Promise<Descriptor>;
  /** Pushes a document as a manifest, by tag or, where none is named, by digest. */
  readonly pushManifest: (repository: string, document: object, tag?: string) => Promise<Descriptor>;
  /** Pushes a configuration, a layer and a manifest of both. */
  readonly pushImage: (repository: string, tag: string, more?: object) => Promise<Descriptor>;
}

/** Bytes of a string, or the bytes given. */
export function bytesOf(content: string | Bytes): Bytes {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}

/** The descriptor of some content. */
async function descriptorOf(content: string | Bytes, mediaType: string): Promise<Descriptor> {
  const bytes = bytesOf(content);
  return { mediaType, digest: await digestBytes(bytes), size: bytes.byteLength };
}

/** The codes of an error answer. */
export async function codesOf(response: Response): Promise<string[]> {
  const { errors } = (await response.json()) as { errors: { code: string }[] };
  return errors.map((error) => error.code);
}

/** The last segment of the path that an answer sends its caller to. */
export function locationId(response: Response): string {
  return response.headers.get('Location')?.split('/').at(-1) ?? '';
}

/** A digest that nothing in a test has. */
export const NOBODYS_DIGEST: Digest = asDigest(`sha256:${'ab'.repeat(32)}`);

export function createTestRegistry(options: Partial<RegistryServerOptions> = {}): TestRegistry {
  const storage = options.storage ?? createMemoryStorage();
  const server = createRegistryServer({ ...options, storage });

  const call: TestRegistry['call'] = (method, path, { headers = {}, body } = {}) =>
    server(
      new Request(`http://registry.test${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: bytesOf(body) as Uint8Array<ArrayBuffer> }),
      }),
    );

  const pushBlob: TestRegistry['pushBlob'] = async (repository, content) => {
    const descriptor = await descriptorOf(content, MEDIA_TYPES.octetStream);
    const path = `/v2/${repository}/blobs/uploads/?digest=${descriptor.digest}`;
    await expectStatus(call('POST', path, { body: content }), 201);
    return descriptor;
  };

  const pushManifest: TestRegistry['pushManifest'] = async (repository, document, tag) => {
    const body = JSON.stringify(document);
    const mediaType = 'manifests' in document ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.ociManifest;
    const descriptor = await descriptorOf(body, mediaType);
    const path = `/v2/${repository}/manifests/${tag ?? descriptor.digest}`;
    await expectStatus(call('PUT', path, { headers: { 'Content-Type': mediaType }, body }), 201);
    return descriptor;
  };

  const pushImage: TestRegistry['pushImage'] = async (repository, tag, more = {}) => {
    const config = { ...(await pushBlob(repository, `config of ${tag}`)), mediaType: MEDIA_TYPES.ociConfig };
    const layer = { ...(await pushBlob(repository, `layer of ${tag}`)), mediaType: MEDIA_TYPES.ociLayerGzip };
    return pushManifest(repository, { schemaVersion: 2, config, layers: [layer], ...more }, tag);
  };

  return { storage, server, call, pushBlob, pushManifest, pushImage };
}

async function expectStatus(response: Promise<Response>, status: number): Promise<void> {
  const answer = await response;
  if (answer.status !== status) throw new Error(`${String(answer.status)}: ${await answer.text()}`);
}
