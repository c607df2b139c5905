import { createHash } from 'node:crypto';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { buildOciIndex, MEDIA_TYPES } from '@stowage/types';
import type { Descriptor, Digest } from '@stowage/types';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildImage, pushImage } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import { startDockerRegistry } from './support/docker-registry.ts';
import type { DockerRegistry } from './support/docker-registry.ts';
import { serveHttp } from './support/http.ts';
import type { HttpServer } from './support/http.ts';
import { runCommand } from './support/run-command.ts';

const TYPE = 'application/vnd.example.sbom';
const base = [{ name: 'base', content: noise(100_000) }];
const amd64 = buildImage([base, [{ name: 'arch', content: 'amd64' }]]);
const arm64 = buildImage([base, [{ name: 'arch', content: 'arm64' }]], { architecture: 'arm64' });
const index = buildOciIndex({
  manifests: [
    { ...amd64.descriptor, platform: { os: 'linux', architecture: 'amd64' } },
    { ...arm64.descriptor, platform: { os: 'linux', architecture: 'arm64' } },
  ],
});
const indexDigest = `sha256:${createHash('sha256').update(index).digest('hex')}` as Digest;

let docker: DockerRegistry;
let own: HttpServer;
let stowage: Stowage;
beforeAll(async () => {
  docker = await startDockerRegistry();
  own = await serveHttp(createRegistryServer({ storage: createMemoryStorage() }));
  stowage = await openStowage();
  for (const host of [docker.host, own.host]) {
    await pushImage(fetch, `http://${host}`, 'team/source', 'amd64', amd64);
    await pushImage(fetch, `http://${host}`, 'team/source', 'arm64', arm64);
    const headers = { 'content-type': MEDIA_TYPES.ociIndex };
    const put = { method: 'PUT', headers, body: new Uint8Array(index) };
    expect((await fetch(`http://${host}/v2/team/source/manifests/v1`, put)).status).toBe(201);
  }
});
afterAll(async () => {
  await stowage.close();
  await Promise.all([docker.stop(), own.close()]);
});

/** What skopeo finds under a name: the digest, and the digests in it, everything read and verified. */
async function skopeoDigest(reference: string): Promise<string> {
  const raw = await runCommand('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`]);
  return `sha256:${createHash('sha256').update(raw).digest('hex')}`;
}

async function all(list: AsyncIterable<Descriptor>): Promise<readonly Digest[]> {
  const digests: Digest[] = [];
  for await (const { digest } of list) digests.push(digest);
  return digests;
}

describe.each(['docker-registry', 'our registry server'])('copy to %s', (kind) => {
  let host: string;
  let other: string;
  let seen: number;
  const requests = (): Promise<readonly string[]> =>
    kind === 'docker-registry' ? docker.requests() : Promise.resolve(own.requests);
  /** What was written to a repository since the test began. */
  const writes = async (repository: string): Promise<string[]> =>
    (await requests())
      .slice(seen)
      .filter((line) => /^(POST|PUT|PATCH) /.test(line) && line.includes(`/v2/${repository}/`));
  beforeEach(async () => {
    [host, other] = kind === 'docker-registry' ? [docker.host, own.host] : [own.host, docker.host];
    seen = (await requests()).length;
  });

  it('keeps every digest, sends nothing twice, and skopeo reads it', async () => {
    const [from, to] = [`${other}/team/source:v1`, `${host}/team/copy:v1`];
    const result = await stowage.copy(from, to);
    expect(result).toMatchObject({ digest: indexDigest, sourceDigest: indexDigest });
    expect(result.blobs.map(({ status }) => status)).toEqual(Array(5).fill('sent'));
    expect(await skopeoDigest(to)).toBe(indexDigest);
    const copied = `docker://${host}/team/copy@${arm64.descriptor.digest}`;
    const inspected = await runCommand('skopeo', ['inspect', '--tls-verify=false', copied]);
    expect(JSON.parse(inspected)).toMatchObject({
      Architecture: 'arm64',
      Layers: arm64.layers.map(({ descriptor }) => descriptor.digest),
    });
    const before = (await writes('team/copy')).length;
    expect(before).toBeGreaterThan(0);
    expect((await stowage.copy(from, to)).sentBytes).toBe(0);
    expect(await writes('team/copy')).toHaveLength(before);
  });

  it('mounts every blob within the registry', async () => {
    const result = await stowage.copy(`${host}/team/source:v1`, `${host}/team/sibling:v1`);
    expect(result.blobs.map(({ status }) => status)).toEqual(Array(5).fill('mounted'));
    const written = await writes('team/sibling');
    expect(written.filter((line) => /^POST .*mount=.*from=team%2Fsource.* 201$/.test(line))).toHaveLength(5);
    // Two images and the index, and no upload.
    expect(written).toHaveLength(5 + 3);
    expect(await skopeoDigest(`${host}/team/sibling:v1`)).toBe(indexDigest);
  });

  it('trims an index, which skopeo reads', async () => {
    const to = `${host}/team/trimmed:v1`;
    const result = await stowage.copy(`${other}/team/source:v1`, to, { platforms: ['linux/arm64'] });
    expect(result.digest).not.toBe(indexDigest);
    expect(await skopeoDigest(to)).toBe(result.digest);
    const arguments_ = ['inspect', '--tls-verify=false', '--override-arch', 'arm64', `docker://${to}`];
    expect(JSON.parse(await runCommand('skopeo', arguments_))).toMatchObject({ Architecture: 'arm64' });
  });

  it('copies referrers, wherever they are listed', async () => {
    const name = `${other}/team/source`;
    const files = [{ content: noise(1000), title: 'sbom' }];
    const sbom = await stowage.pushArtifact(name, { artifactType: TYPE, files, subject: 'v1' });
    const proof = await stowage.pushArtifact(name, {
      artifactType: 'application/vnd.example.signature',
      subject: sbom.digest,
    });
    const to = `${host}/team/signed:v1`;
    const result = await stowage.copy(`${name}:v1`, to, { referrers: true });
    expect(result.manifests.filter(({ subject }) => subject !== undefined)).toMatchObject([
      { digest: sbom.digest, subject: indexDigest },
      { digest: proof.digest, subject: sbom.digest },
    ]);
    expect(await all(stowage.referrers(to))).toEqual([sbom.digest]);
    expect(await all(stowage.referrers(`${host}/team/signed@${sbom.digest}`))).toEqual([proof.digest]);
    const again = await stowage.copy(`${name}:v1`, to, { referrers: true });
    expect(new Set(again.manifests.map(({ status }) => status))).toEqual(new Set(['existing']));
    const pulled = await stowage.pullArtifact(`${host}/team/signed@${sbom.digest}`);
    expect(pulled.files).toMatchObject([{ title: 'sbom', size: 1000 }]);
  });
});
