import { createTrustKey, openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImage, pushImage } from '../support/image-builder.ts';
import type { DockerRegistry } from './support/docker-registry.ts';
import { serveHttp } from './support/http.ts';
import { useRegistries } from './support/use-registries.ts';

const IMAGE = buildImage(
  [[{ name: 'base', content: 'the base' }], [{ name: 'top', content: '<top> & more' }]],
  { docker: true },
);

const registries = useRegistries();
let old: DockerRegistry;
let front: string;
let stowage: Stowage;

beforeAll(async () => {
  old = await registries.start({ schema1: true });
  // It takes nothing newer than schema 1.
  const served = await serveHttp(async (request) => {
    const url = new URL(request.url);
    const type = request.headers.get('content-type') ?? '';
    if (request.method === 'PUT' && url.pathname.includes('/manifests/') && !type.includes('v1+prettyjws')) {
      return Response.json({ errors: [{ code: 'TAG_INVALID', message: 'tag invalid' }] }, { status: 404 });
    }
    url.host = old.host;
    const headers = new Headers(request.headers);
    headers.delete('host');
    const body = request.method === 'GET' || request.method === 'HEAD' ? null : await request.arrayBuffer();
    const answer = await fetch(url, { method: request.method, headers, body });
    return new Response(
      await answer.arrayBuffer().then((bytes) => (bytes.byteLength > 0 ? bytes : null)),
      answer,
    );
  });
  registries.keep({ stop: () => served.close() });
  front = served.host;
  await pushImage(fetch, `http://${old.host}`, 'team/app', 'new', IMAGE);
  stowage = await openStowage();
  await stowage.pull(`${old.host}/team/app:new`, { platform: 'linux/amd64' });
  await stowage.tag(`${old.host}/team/app:new`, `${front}/team/old:v1`);
});

afterAll(() => stowage.close());

describe('a registry that takes nothing but schema 1', () => {
  it('gets nothing unless that is allowed', async () => {
    const trustKey = await createTrustKey();
    await expect(stowage.push(`${front}/team/old:v1`)).rejects.toThrow('tag invalid');
    await expect(stowage.push(`${front}/team/old:v1`, { trustKey })).rejects.toThrow(
      '[DEPRECATED] support for pushing manifest v2 schema1 images has been removed.',
    );
    const strict = await openStowage({ storage: stowage.storage, requireSchema2: true });
    const refused = strict.push(`${front}/team/old:v1`, { trustKey, allowSchema1Push: true });
    await expect(refused).rejects.toThrow('tag invalid');
    await strict.close();
  });

  it('verifies the signature, and gives back an image of the same layers and the same ID again and again', async () => {
    const trustKey = await createTrustKey();
    const messages: string[] = [];
    const pushed = await stowage.push(`${front}/team/old:v1`, {
      trustKey,
      allowSchema1Push: true,
      onProgress: ({ message = '' }) => messages.push(message),
    });
    expect(messages.filter((message) => message.startsWith('[DEPRECATION NOTICE]'))).toHaveLength(1);
    const other = await openStowage();
    const pulled = await other.pull(`${old.host}/team/old:v1`, { platform: 'linux/amd64' });
    expect(pulled.digest).toBe(pushed.digest);
    expect(pulled.layers.map(({ diffId }) => diffId)).toEqual(IMAGE.layers.map(({ diffId }) => diffId));
    // What schema 1 says of an image is another configuration; from then on it stays.
    await other.tag(`${old.host}/team/old:v1`, `${front}/team/again:v1`);
    const again = await other.push(`${front}/team/again:v1`, { trustKey, allowSchema1Push: true });
    const third = await openStowage();
    const back = await third.pull(`${old.host}/team/again:v1`, { platform: 'linux/amd64' });
    expect([back.digest, back.imageId]).toEqual([again.digest, pulled.imageId]);
    await third.close();
    await other.close();
  });
});
