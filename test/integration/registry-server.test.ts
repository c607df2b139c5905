import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createTarWriter } from '@stowage/core';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { MEDIA_TYPES } from '@stowage/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveHttp } from './support/http.ts';
import type { HttpServer } from './support/http.ts';
import { runCommand } from './support/run-command.ts';

interface TestDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: object;
}

const SKOPEO = ['--insecure-policy', 'copy', '--quiet', '--preserve-digests'];

let directory: string;
let layout: string;
let server: HttpServer;
const storage = createMemoryStorage();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stowage-registry-server-'));
  layout = join(directory, 'layout');
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
  await writeLayout();
  server = await serveHttp(createRegistryServer({ storage }));
});

afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

async function writeBlob(content: string | Uint8Array, mediaType: string): Promise<TestDescriptor> {
  const bytes = Buffer.from(content);
  const hex = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(layout, 'blobs/sha256', hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.byteLength };
}

async function writeImage(architecture: string): Promise<TestDescriptor> {
  const layers: TestDescriptor[] = [];
  const diffIds: string[] = [];
  for (const name of ['base', 'top']) {
    const content = randomBytes(700_000);
    const tar = createTarWriter();
    const header = {
      name,
      type: 'file',
      size: content.length,
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtime: 0,
    } as const;
    const bytes = Buffer.concat([...tar.entry(header, content), tar.end()]);
    diffIds.push(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    layers.push(await writeBlob(gzipSync(bytes), MEDIA_TYPES.ociLayerGzip));
  }
  const rootfs = { type: 'layers', diff_ids: diffIds };
  const config = JSON.stringify({ architecture, os: 'linux', config: {}, rootfs });
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: await writeBlob(config, MEDIA_TYPES.ociConfig),
    layers,
  };
  return {
    ...(await writeBlob(JSON.stringify(manifest), MEDIA_TYPES.ociManifest)),
    platform: { architecture, os: 'linux' },
  };
}

/** A layout with `single`, an image, and `multi`, an index of two. */
async function writeLayout(): Promise<void> {
  const images = [await writeImage('amd64'), await writeImage('arm64')];
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: images };
  const multi = await writeBlob(JSON.stringify(index), MEDIA_TYPES.ociIndex);
  const named = [
    { ...images[0], annotations: { 'org.opencontainers.image.ref.name': 'single' } },
    { ...multi, annotations: { 'org.opencontainers.image.ref.name': 'multi' } },
  ];
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: named }));
}

/** What a layout calls an image. */
async function digestIn(path: string, name: string): Promise<string | undefined> {
  const { manifests } = JSON.parse(await readFile(join(path, 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  return manifests.find((one) => one.annotations?.['org.opencontainers.image.ref.name'] === name)?.digest;
}

async function blobsIn(path: string): Promise<string[]> {
  return (await readdir(join(path, 'blobs/sha256'))).sort();
}

function push(image: string, name: string, ...more: string[]): Promise<string> {
  const target = `docker://${server.host}/${name}`;
  return runCommand('skopeo', [
    ...SKOPEO,
    ...more,
    '--dest-tls-verify=false',
    `oci:${layout}:${image}`,
    target,
  ]);
}

function pull(name: string, target: string, ...more: string[]): Promise<string> {
  const source = `docker://${server.host}/${name}`;
  return runCommand('skopeo', [...SKOPEO, ...more, '--src-tls-verify=false', source, target]);
}

describe('skopeo', () => {
  it('pushes an image and pulls the same one', async () => {
    await push('single', 'skopeo/single:v1');
    const back = join(directory, 'single');
    await pull('skopeo/single:v1', `oci:${back}:single`);
    expect(await digestIn(back, 'single')).toBe(await digestIn(layout, 'single'));
    const original = await blobsIn(layout);
    const blobs = await blobsIn(back);
    expect(blobs).toHaveLength(4);
    for (const hex of blobs) {
      expect(original).toContain(hex);
      const bytes = await readFile(join(back, 'blobs/sha256', hex));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(hex);
    }
  });

  it('pushes an index with its images and pulls the same ones', async () => {
    await push('multi', 'skopeo/multi:v1', '--all');
    const back = join(directory, 'multi');
    await pull('skopeo/multi:v1', `oci:${back}:multi`, '--all');
    expect(await digestIn(back, 'multi')).toBe(await digestIn(layout, 'multi'));
    expect(await blobsIn(back)).toEqual(await blobsIn(layout));
  });

  it('pulls by digest, inspects and lists tags', async () => {
    await push('single', 'skopeo/listed:v2');
    await push('single', 'skopeo/listed:v1');
    const digest = (await digestIn(layout, 'single')) ?? '';
    await pull(`skopeo/listed@${digest}`, `dir:${join(directory, 'dir')}`);
    const manifest = await readFile(join(directory, 'dir/manifest.json'));
    expect(`sha256:${createHash('sha256').update(manifest).digest('hex')}`).toBe(digest);
    const name = `docker://${server.host}/skopeo/listed`;
    const inspected = await runCommand('skopeo', ['inspect', '--tls-verify=false', `${name}:v1`]);
    expect(JSON.parse(inspected)).toMatchObject({
      Digest: digest,
      RepoTags: ['v1', 'v2'],
      Architecture: 'amd64',
    });
    const listed = await runCommand('skopeo', ['list-tags', '--tls-verify=false', name]);
    expect(JSON.parse(listed)).toMatchObject({ Tags: ['v1', 'v2'] });
  });

  it('pushes docker manifests', async () => {
    const target = `docker://${server.host}/skopeo/docker:v1`;
    const args = ['--insecure-policy', 'copy', '--quiet', '--format=v2s2', '--dest-tls-verify=false'];
    await runCommand('skopeo', [...args, `oci:${layout}:single`, target]);
    const response = await fetch(`http://${server.host}/v2/skopeo/docker/manifests/v1`, { method: 'HEAD' });
    expect(response.headers.get('Content-Type')).toBe(MEDIA_TYPES.dockerManifest);
    await pull('skopeo/docker:v1', `docker-archive:${join(directory, 'archive.tar')}:example/docker:v1`);
  });

  it('copies within the registry by mounting', async () => {
    await push('single', 'skopeo/source:v1');
    const before = server.requests.length;
    const source = `docker://${server.host}/skopeo/source:v1`;
    const target = `docker://${server.host}/skopeo/mounted:v1`;
    const args = [...SKOPEO, '--src-tls-verify=false', '--dest-tls-verify=false', source, target];
    await runCommand('skopeo', args);
    const requests = server.requests.slice(before);
    expect(requests.filter((line) => /^POST .*mount=.* 201$/.test(line)).length).toBeGreaterThan(0);
    const [layer] = requests.flatMap((line) => /mount=(sha256%3A[0-9a-f]+)/.exec(line)?.[1] ?? []);
    const url = `http://${server.host}/v2/skopeo/mounted/blobs/${layer ?? ''}`;
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
  });

  it('deletes an image', async () => {
    await push('single', 'skopeo/deleted:v1');
    await runCommand('skopeo', ['delete', '--tls-verify=false', `docker://${server.host}/skopeo/deleted:v1`]);
    await expect(pull('skopeo/deleted:v1', `dir:${join(directory, 'none')}`)).rejects.toThrow(
      'manifest unknown',
    );
  });
});

describe('uploads over a connection', () => {
  const blob = randomBytes(3_000_000);
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;

  async function begin(repository: string): Promise<string> {
    const url = `http://${server.host}/v2/${repository}/blobs/uploads/`;
    const response = await fetch(url, { method: 'POST' });
    expect(response.status).toBe(202);
    return new URL(response.headers.get('Location') ?? '', url).href;
  }

  async function expectBlob(repository: string): Promise<void> {
    const response = await fetch(`http://${server.host}/v2/${repository}/blobs/${digest}`);
    expect(response.headers.get('Content-Length')).toBe(String(blob.length));
    expect(Buffer.from(await response.arrayBuffer()).equals(blob)).toBe(true);
  }

  async function bytesArrived(location: string): Promise<number> {
    for await (const { ref, offset } of storage.content.ingests()) {
      if (location.endsWith(ref.replace('upload-', '/'))) return offset;
    }
    return 0;
  }

  async function until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it('takes a blob in one request', async () => {
    const url = `http://${server.host}/v2/http/whole/blobs/uploads/?digest=${digest}`;
    expect((await fetch(url, { method: 'POST', body: blob })).status).toBe(201);
    await expectBlob('http/whole');
  });

  it('takes a blob in chunks and refuses one out of order', async () => {
    const location = await begin('http/chunks');
    const chunk = (start: number, end: number): Promise<Response> =>
      fetch(location, {
        method: 'PATCH',
        headers: { 'Content-Range': `${String(start)}-${String(end - 1)}` },
        body: blob.subarray(start, end),
      });
    expect((await chunk(0, 1_000_000)).headers.get('Range')).toBe('0-999999');
    const early = await chunk(2_000_000, 3_000_000);
    expect([early.status, early.headers.get('Range')]).toEqual([416, '0-999999']);
    expect((await chunk(1_000_000, 2_000_000)).status).toBe(202);
    const close = await fetch(`${location}?digest=${digest}`, {
      method: 'PUT',
      headers: { 'Content-Range': `2000000-${String(blob.length - 1)}` },
      body: blob.subarray(2_000_000),
    });
    expect(close.status).toBe(201);
    await expectBlob('http/chunks');
  });

  it('goes on where a connection broke off', async () => {
    const location = await begin('http/broken');
    const broken = httpRequest(location, { method: 'PATCH', headers: { 'Content-Length': blob.length } });
    broken.on('error', () => undefined).write(blob.subarray(0, 500_000));
    await until(async () => (await bytesArrived(location)) > 0);
    broken.destroy();
    // The server may not have noticed yet that nobody sends any more.
    await until(async () => (await fetch(location)).status === 204);
    const status = await fetch(location);
    const offset = Number(status.headers.get('Range')?.split('-')[1]) + 1;
    expect(offset).toBeGreaterThan(1);
    expect(offset).toBeLessThanOrEqual(500_000);
    const body = blob.subarray(offset);
    expect((await fetch(`${location}?digest=${digest}`, { method: 'PUT', body })).status).toBe(201);
    await expectBlob('http/broken');
  });

  it('sends a part of a blob', async () => {
    await fetch(`http://${server.host}/v2/http/part/blobs/uploads/?digest=${digest}`, {
      method: 'POST',
      body: blob,
    });
    const url = `http://${server.host}/v2/http/part/blobs/${digest}`;
    const response = await fetch(url, { headers: { Range: 'bytes=1000-1999' } });
    expect([response.status, response.headers.get('Content-Length')]).toEqual([206, '1000']);
    expect(Buffer.from(await response.arrayBuffer()).equals(blob.subarray(1000, 2000))).toBe(true);
  });
});
