import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collect, digestBytes } from '@stowage/core';
import { createRepository } from '@stowage/registry';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeAndReport } from '../runtime/support/write-and-report.ts';
import { noise } from '../support/noise.ts';
import { createAuthority } from './support/certificates.ts';
import type { DockerRegistry } from './support/docker-registry.ts';
import { runCommand } from './support/run-command.ts';
import { SOUND_REPORT } from './support/sound-report.ts';
import { startTokenServer } from './support/token-server.ts';
import type { TokenServer } from './support/token-server.ts';
import { ALICE, useRegistries } from './support/use-registries.ts';

const NAME = 'team/write';
/** docker-registry deletes manifests and blobs, and no tag alone. */
const DOCKER_REPORT = {
  ...SOUND_REPORT,
  deletions: { ...SOUND_REPORT.deletions, tag: 'UNSUPPORTED' },
};

const registries = useRegistries();

/** Has skopeo copy what was written, blob by blob, and answers the manifest that it got. */
async function copyWithSkopeo(host: string, args: readonly string[] = []): Promise<unknown> {
  const copy = await mkdtemp(join(registries.directory, 'copy-'));
  const from = `docker://${host}/${NAME}:v1`;
  const flags = ['--insecure-policy', 'copy', '--quiet', '--src-tls-verify=false', ...args];
  await runCommand('skopeo', [...flags, from, `dir:${copy}`]);
  const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8')) as {
    layers: readonly { digest: string }[];
  };
  const [layer] = manifest.layers;
  const bytes = await readFile(join(copy, layer?.digest.replace('sha256:', '') ?? ''));
  expect(await digestBytes(bytes)).toBe(layer?.digest);
  return manifest;
}

describe('a docker-registry', () => {
  it('takes everything', async () => {
    const { host } = await registries.start();
    expect(await writeAndReport({ url: `http://${host}`, name: NAME })).toEqual(DOCKER_REPORT);
    expect(await copyWithSkopeo(host)).toMatchObject({ schemaVersion: 2 });
  });

  it('that deletes nothing says so', async () => {
    const { host } = await registries.start({ deletion: false });
    const deletions = {
      tag: 'UNSUPPORTED',
      manifest: 'UNSUPPORTED',
      blob: 'UNSUPPORTED',
      'blob again': 'UNSUPPORTED',
    };
    const report = await writeAndReport({ url: `http://${host}`, name: NAME });
    expect(report).toEqual({ ...DOCKER_REPORT, deletions });
  });

  it('that asks for a password takes everything from who has it', async () => {
    const { host } = await registries.startWithPassword();
    const target = { url: `http://${host}`, name: NAME };
    expect(await writeAndReport({ ...target, auth: ALICE })).toEqual(DOCKER_REPORT);
    expect(await copyWithSkopeo(host, ['--src-creds', 'alice:s3cret'])).toMatchObject({ schemaVersion: 2 });
    await expect(writeAndReport(target)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('a docker-registry that takes tokens', () => {
  let registry: DockerRegistry;
  let tokens: TokenServer;
  beforeAll(async () => {
    const signer = await createAuthority(registries.directory, 'signer', 'ec');
    tokens = registries.keep(await startTokenServer(signer, 'ec'));
    registry = await registries.start({ token: { realm: tokens.realm, bundle: signer.certificate } });
  });

  it('takes everything', async () => {
    const target = { url: `http://${registry.host}`, name: NAME, auth: ALICE };
    expect(await writeAndReport(target)).toEqual(DOCKER_REPORT);
    expect(tokens.requests.some((scopes) => scopes.includes(`repository:${NAME}:pull`))).toBe(true);
  });

  it('takes nothing from nobody', async () => {
    const target = { url: `http://${registry.host}`, name: NAME };
    await expect(writeAndReport(target)).rejects.toMatchObject({ code: /^(UNAUTHENTICATED|DENIED)$/ });
  });

  it.each(['a stream', 'content in chunks'])('goes on with %s when its token runs out', async (what) => {
    // The registry allows for a minute: these tokens run out within seconds.
    tokens.lifetime = -57;
    const bytes = noise(3_000_000);
    bytes[0] = what.length;
    const before = tokens.requests.length;
    let waited = 0;
    const slow = (offset: number): ReadableStream<Uint8Array> =>
      afterRefusal(bytes.subarray(offset), 1_500_000 - offset, async () => {
        waited += 1;
        await refused(`http://${registry.host}/v2/${NAME}/tags/list`, tokens.lastToken);
        tokens.lifetime = 300;
      });
    const init = {
      endpoint: { url: `http://${registry.host}`, mirror: false, official: false, insecure: false },
      name: NAME,
      auth: ALICE,
      actions: ['pull', 'push'],
    } as const;
    const digest = await digestBytes(bytes);
    const { blobs } = createRepository(init);
    const uploaded = await blobs.upload(
      what === 'a stream'
        ? { stream: slow(0), chunkSize: 1_000_000 }
        : {
            digest,
            size: bytes.length,
            open: (offset) => Promise.resolve(slow(offset)),
            chunkSize: 1_000_000,
          },
    );
    expect([uploaded.digest, uploaded.size, waited]).toEqual([digest, bytes.length, 1]);
    expect(tokens.requests.length - before).toBe(2);
    const back = await collect(await createRepository(init).blobs.open(digest), { maxBytes: bytes.length });
    expect(Buffer.from(back).equals(bytes)).toBe(true);
    const log = (await registry.requests()).filter((line) => line.startsWith('PATCH'));
    expect(log.filter((line) => line.endsWith(' 401')).length).toBeGreaterThan(0);
  });
});

describe('our own registry server', () => {
  it('takes everything', async () => {
    const server = await registries.serve(createRegistryServer({ storage: createMemoryStorage() }));
    expect(await writeAndReport({ url: `http://${server.host}`, name: NAME })).toEqual(SOUND_REPORT);
    expect(await copyWithSkopeo(server.host)).toMatchObject({ schemaVersion: 2 });
  });

  it('takes everything in the chunks that it wants', async () => {
    const limits = { minChunkBytes: 300_000, maxChunkBytes: 1_000_000 };
    const server = await registries.serve(createRegistryServer({ storage: createMemoryStorage(), limits }));
    expect(await writeAndReport({ url: `http://${server.host}`, name: NAME })).toEqual(SOUND_REPORT);
    const refusals = server.requests.filter((line) => / (413|416)$/.test(line));
    expect(refusals).toEqual([]);
  });

  it('that is read-only takes nothing', async () => {
    const server = await registries.serve(
      createRegistryServer({ storage: createMemoryStorage(), readOnly: true }),
    );
    const target = { url: `http://${server.host}`, name: NAME };
    await expect(writeAndReport(target)).rejects.toMatchObject({ code: 'UNSUPPORTED', status: 405 });
  });
});

/** Bytes, piece by piece, that stand still at one of them until something is done. */
function afterRefusal(bytes: Uint8Array, at: number, wait: () => Promise<void>): ReadableStream<Uint8Array> {
  let offset = 0;
  let waits = at > 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        if (waits && offset >= at) {
          waits = false;
          await wait();
        }
        if (offset < bytes.length) controller.enqueue(bytes.slice(offset, offset + 100_000));
        else controller.close();
        offset += 100_000;
      },
    },
    { highWaterMark: 0 },
  );
}

/** Waits until the registry takes a token no more. */
async function refused(url: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  while ((await fetch(url, { headers })).status !== 401) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
