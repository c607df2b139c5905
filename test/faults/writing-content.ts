import { createHash } from 'node:crypto';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { MEDIA_TYPES } from '@stowage/types';
import { buildImage, pushImage } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import type { SoundHandler } from './script.ts';
import { UPLOAD_SIZE } from './writing-scenario.ts';
import type { WritingScenario } from './writing-scenario.ts';

/** What the registry of one scenario of writing has, and what is written to it. */
export interface WritingContent {
  readonly sound: SoundHandler;
  readonly names: ReadonlyMap<string, string>;
  /** Documents by name. */
  readonly documents: Readonly<Record<string, string>>;
  /** Whether the repository has the blob that is uploaded, byte for byte. */
  hasBlob(digest: string): Promise<boolean>;
  /** The digests of the index under the fallback tag of the image; nothing where there is none. */
  fallback(): Promise<readonly string[] | undefined>;
  tags(): Promise<readonly string[]>;
}

const APP = 'http://sound/v2/team/app';
/** The state of an upload as registries have it in its address: it must stay as it is. */
const STATE = '?_state=a%2Fb+c%3D%3D&x=%7e';
const UPLOAD = /^\/v2\/team\/app\/blobs\/upload\/([12345])(.*)$/;

const blob = noise(UPLOAD_SIZE);
const image = buildImage([[{ name: 'file', content: 'layer' }]]);
const [layer] = image.layers;
const artifacts = new Map(
  ['signature', 'sbom'].map((name) => {
    const document = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      artifactType: `test/${name}`,
      config: image.config.descriptor,
      layers: [],
      subject: image.descriptor,
      annotations: { made: 'here' },
    };
    return [name, JSON.stringify(document)] as const;
  }),
);
/** An index of referrers as another client left it. */
const sbom = artifacts.get('sbom') ?? '';
const others = JSON.stringify({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociIndex,
  manifests: [
    {
      mediaType: MEDIA_TYPES.ociManifest,
      digest: digestOf(sbom),
      size: sbom.length,
      artifactType: 'test/sbom',
    },
  ],
});

const DOCUMENTS: Readonly<Record<string, string>> = {
  image: new TextDecoder().decode(image.manifest),
  ...Object.fromEntries(artifacts),
  others,
};

const NAMES: ReadonlyMap<string, string> = new Map([
  ...[1, 2, 3].map(
    (id) => [`{upload-${String(id)}}`, `/v2/team/app/blobs/upload/${String(id)}${STATE}`] as const,
  ),
  ['{closing}', `digest=${encodeURIComponent(digestOf(blob))}`],
  ['{closing-512}', `digest=${encodeURIComponent(digestOf(blob, 'sha512'))}`],
  ['{mounting}', `mount=${encodeURIComponent(digestOf(blob))}`],
  ['{blob}', digestOf(blob)],
  ['{blob-512}', digestOf(blob, 'sha512')],
  ['{fallback}', image.descriptor.digest.replace(':', '-')],
  ['{image}', image.descriptor.digest],
  ['{config}', image.config.descriptor.digest],
  ['{layer}', layer?.descriptor.digest ?? ''],
  ['{others}', digestOf(others)],
  ...[...artifacts].map(([name, document]) => [`{${name}}`, digestOf(document)] as const),
]);

/**
 * Makes a registry with `team/base`, which has the blob, and `team/app`, which has an image as `v1` and what a scenario
 * wants. Its uploads are called 1, 2 and so on, at addresses whose queries must come back as they are.
 */
export async function createWritingContent({
  limits = {},
  held = {},
}: WritingScenario): Promise<WritingContent> {
  let uploads = 0;
  const registry = createRegistryServer({
    storage: createMemoryStorage(),
    limits,
    randomId: () => `upload-${String((uploads += 1))}`,
  });
  const fetch = (url: string, init?: RequestInit): Promise<Response> => registry(new Request(url, init));
  await pushImage(fetch, 'http://sound', 'team/app', 'v1', image);
  const base = `http://sound/v2/team/base/blobs/uploads/?${NAMES.get('{closing}') ?? ''}`;
  await fetch(base, { method: 'POST', body: blob as Uint8Array<ArrayBuffer> });
  for (const [tag, name] of Object.entries(held)) {
    const body = DOCUMENTS[name] ?? '';
    const { mediaType } = JSON.parse(body) as { mediaType: string };
    const reference = NAMES.get(tag) ?? tag;
    const put = { method: 'PUT', headers: { 'content-type': mediaType }, body };
    const { status } = await fetch(`${APP}/manifests/${reference}`, put);
    if (status !== 201) throw new Error(`${name} was answered ${String(status)}`);
  }
  uploads = 0;
  return {
    sound: (request) => atAddresses(registry, request),
    names: NAMES,
    documents: DOCUMENTS,
    hasBlob: async (digest) => {
      const response = await fetch(`${APP}/blobs/${digest}`);
      return response.ok && Buffer.from(await response.arrayBuffer()).equals(blob);
    },
    fallback: async () => {
      const response = await fetch(`${APP}/manifests/${NAMES.get('{fallback}') ?? ''}`);
      if (!response.ok) return undefined;
      const { manifests } = (await response.json()) as { manifests?: readonly { digest: string }[] };
      return manifests?.map(({ digest }) => digest);
    },
    tags: async () => ((await (await fetch(`${APP}/tags/list`)).json()) as { tags: string[] }).tags,
  };
}

/** Has uploads elsewhere than the server has them, and refuses what did not keep their query. */
async function atAddresses(registry: SoundHandler, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const [, id, rest] = UPLOAD.exec(pathname + search) ?? [];
  let inner = request;
  if (id !== undefined) {
    const [, digest] = /^&(digest=sha(?:256|512)%3A[0-9a-f]+)$/.exec(rest?.slice(STATE.length) ?? '') ?? [];
    const isKept = rest === STATE || (rest?.startsWith(STATE) === true && digest !== undefined);
    if (!isKept) return new Response('another query', { status: 400 });
    const query = digest === undefined ? '' : `?${digest}`;
    inner = new Request(`${APP}/blobs/uploads/upload-${id}${query}`, {
      method: request.method,
      headers: request.headers,
      ...(request.body === null ? {} : { body: await request.arrayBuffer() }),
    });
  }
  const response = await registry(inner);
  const location = response.headers.get('location') ?? '';
  const [, upload] = /\/blobs\/uploads\/upload-(\d+)$/.exec(location) ?? [];
  if (upload !== undefined) response.headers.set('location', `/v2/team/app/blobs/upload/${upload}${STATE}`);
  return response;
}

function digestOf(content: string | Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(content).digest('hex')}`;
}
