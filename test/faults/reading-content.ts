import { createHash } from 'node:crypto';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { encodeOciLayout, MEDIA_TYPES } from '@stowage/types';
import { buildImage, pushImage } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import { BLOB_SIZE } from './reading-scenario.ts';
import type { SoundHandler } from './script.ts';

/** What the hosts of reading scenarios have. */
export interface ReadingContent {
  readonly sound: SoundHandler;
  /** The blob that is read. */
  readonly blob: Uint8Array;
  /** What stands for digests in scenarios. */
  readonly names: ReadonlyMap<string, string>;
}

const encoder = new TextEncoder();
const REF_NAME = 'org.opencontainers.image.ref.name';

/**
 * Makes a registry with one repository `team/app` (tags `v1` to `v3`, a blob, two artifacts that refer to `v1`), and
 * beside it plain files: the blob as `/blob`, an OCI layout with the same image as `/layout/`.
 */
export async function createReadingContent(): Promise<ReadingContent> {
  const registry = createRegistryServer({ storage: createMemoryStorage() });
  const fetch = (url: string, init?: RequestInit): Promise<Response> => registry(new Request(url, init));
  const image = buildImage([[{ name: 'file', content: 'layer' }]]);
  for (const tag of ['v1', 'v2', 'v3']) await pushImage(fetch, 'http://sound', 'team/app', tag, image);

  const blob = noise(BLOB_SIZE);
  for (const bytes of [blob, new Uint8Array(), encoder.encode('{}')]) {
    const url = `http://sound/v2/team/app/blobs/uploads/?digest=${digestOf(bytes)}`;
    await fetch(url, { method: 'POST', body: bytes as Uint8Array<ArrayBuffer> });
  }
  const artifacts = ['test/sbom', 'test/signature'].map((artifactType) => {
    const empty = { mediaType: MEDIA_TYPES.ociEmpty, digest: digestOf(encoder.encode('{}')), size: 2 };
    const document = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, artifactType, config: empty };
    return encoder.encode(JSON.stringify({ ...document, layers: [], subject: image.descriptor }));
  });
  for (const bytes of artifacts) {
    const headers = { 'content-type': MEDIA_TYPES.ociManifest };
    const url = `http://sound/v2/team/app/manifests/${digestOf(bytes)}`;
    await fetch(url, { method: 'PUT', headers, body: bytes });
  }

  const manifest = { ...image.descriptor, annotations: { [REF_NAME]: 'v1' } };
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [manifest] };
  const files = new Map<string, Uint8Array>([
    ['/blob', blob],
    ['/layout/oci-layout', encodeOciLayout()],
    ['/layout/index.json', encoder.encode(JSON.stringify(index))],
    [`/layout/blobs/sha256/${hexOf(image.manifest)}`, image.manifest],
    [`/layout/blobs/sha256/${hexOf(blob)}`, blob],
  ]);
  const [sbom, signature] = artifacts.map(digestOf);
  return {
    blob,
    sound: async (request) => {
      const { pathname } = new URL(request.url);
      return pathname.startsWith('/v2/')
        ? await registry(request)
        : fileResponse(files.get(pathname), request);
    },
    names: new Map([
      ['{fallback}', `sha256-${hexOf(image.manifest)}`],
      ['{manifest}', image.descriptor.digest],
      ['{manifest-hex}', hexOf(image.manifest)],
      ['{size}', String(image.descriptor.size)],
      ['{blob}', digestOf(blob)],
      ['{blob-hex}', hexOf(blob)],
      ['{empty}', digestOf(new Uint8Array())],
      ['{sbom}', sbom ?? ''],
      ['{signature}', signature ?? ''],
    ]),
  };
}

/** A static server, with ranges. */
function fileResponse(content: Uint8Array | undefined, request: Request): Response {
  if (content === undefined) return new Response('<h1>Not Found</h1>', { status: 404 });
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '');
  if (match === null) return new Response(content as Uint8Array<ArrayBuffer>);
  const first = Number(match[1]);
  const last = Math.min(match[2] === '' ? Infinity : Number(match[2]), content.length - 1);
  const headers = { 'content-range': `bytes ${String(first)}-${String(last)}/${String(content.length)}` };
  return new Response(content.slice(first, last + 1), { status: 206, headers });
}

function hexOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${hexOf(bytes)}`;
}
