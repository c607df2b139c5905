import { MEDIA_TYPES } from '@stowage/types';
import type { Descriptor } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { codesOf, createTestRegistry, NOBODYS_DIGEST } from './test-support/test-registry.ts';
import type { TestRegistry } from './test-support/test-registry.ts';

const EMPTY = {
  mediaType: MEDIA_TYPES.ociEmpty,
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  size: 2,
};

async function pushTags(registry: TestRegistry, ...tags: string[]): Promise<void> {
  for (const tag of tags) await registry.pushManifest('a', { schemaVersion: 2, manifests: [] }, tag);
}

/** The tags that a query lists, and where it says the next ones are. */
async function list(registry: TestRegistry, query: string): Promise<[unknown, string | null]> {
  const response = await registry.call('GET', query.startsWith('/') ? query : `/v2/a/tags/list${query}`);
  expect(response.status).toBe(200);
  const { tags } = (await response.json()) as { tags: string[] };
  return [tags, response.headers.get('Link')?.match(/^<(.*)>; rel="next"$/)?.[1] ?? null];
}

describe('listing tags', () => {
  it('sorts by the codes of the characters', async () => {
    const registry = createTestRegistry();
    await pushTags(registry, 'b', 'a', '_', 'B', '10', '9');
    expect(await list(registry, '')).toEqual([['10', '9', 'B', '_', 'a', 'b'], null]);
  });

  it('goes page by page', async () => {
    const registry = createTestRegistry();
    await pushTags(registry, 'a', 'b', 'c', 'd', 'e');
    const [first, second] = await list(registry, '?n=2');
    expect([first, second]).toEqual([['a', 'b'], '/v2/a/tags/list?last=b&n=2']);
    const [middle, third] = await list(registry, second ?? '');
    expect([middle, third]).toEqual([['c', 'd'], '/v2/a/tags/list?last=d&n=2']);
    expect(await list(registry, third ?? '')).toEqual([['e'], null]);
  });

  it('begins after any text, a tag or not', async () => {
    const registry = createTestRegistry();
    await pushTags(registry, 'a', 'b', 'c');
    expect(await list(registry, '?last=a')).toEqual([['b', 'c'], null]);
    expect(await list(registry, '?last=aa&n=1')).toEqual([['b'], '/v2/a/tags/list?last=b&n=1']);
    expect(await list(registry, '?last=c')).toEqual([[], null]);
    expect(await list(registry, '?last=%2F..%2F')).toEqual([['a', 'b', 'c'], null]);
  });

  it('lists none when none are wanted', async () => {
    const registry = createTestRegistry();
    await pushTags(registry, 'a');
    expect(await list(registry, '?n=0')).toEqual([[], null]);
  });

  it('row 4: brings numbers that are too large down', async () => {
    const registry = createTestRegistry();
    await pushTags(registry, 'a', 'b');
    for (const n of ['1000', '1000000000', '9'.repeat(100)]) {
      expect(await list(registry, `?n=${n}`)).toEqual([['a', 'b'], null]);
    }
  });

  it('lists a thousand at most', async () => {
    const registry = createTestRegistry();
    const tags = Array.from({ length: 1002 }, (_, number) => String(number + 1000));
    await pushTags(registry, '1000');
    const { digest } = await registry.pushManifest('a', { schemaVersion: 2, manifests: [] });
    const body = '{"schemaVersion":2,"manifests":[]}';
    const headers = { 'Content-Type': MEDIA_TYPES.ociIndex };
    for (let at = 0; at < tags.length; at += 100) {
      const query = tags.slice(at, at + 100).map((tag) => `tag=${tag}`);
      await registry.call('PUT', `/v2/a/manifests/${digest}?${query.join('&')}`, { headers, body });
    }
    const [first, next] = await list(registry, '?n=5000');
    expect([first, next]).toEqual([tags.slice(0, 1000), '/v2/a/tags/list?last=1999&n=1000']);
    expect(await list(registry, next ?? '')).toEqual([['2000', '2001'], null]);
  });

  it.each(['-1', 'a', '1e9', '1.5', '', '+1', '9'.repeat(101)])('refuses n=%s', async (n) => {
    const registry = createTestRegistry();
    await pushTags(registry, 'a');
    const response = await registry.call('GET', `/v2/a/tags/list?n=${encodeURIComponent(n)}`);
    expect([response.status, await codesOf(response)]).toEqual([400, ['PAGINATION_NUMBER_INVALID']]);
  });

  it('knows repositories that have had a manifest', async () => {
    const registry = createTestRegistry();
    await registry.pushBlob('b', 'blob');
    for (const name of ['b', 'unknown']) {
      const response = await registry.call('GET', `/v2/${name}/tags/list`);
      expect([response.status, await codesOf(response)]).toEqual([404, ['NAME_UNKNOWN']]);
    }
    await pushTags(registry, 'v1');
    await registry.call('DELETE', '/v2/a/manifests/v1');
    expect(await list(registry, '')).toEqual([[], null]);
  });
});

describe('listing repositories', () => {
  it('goes page by page', async () => {
    const { call, pushManifest } = createTestRegistry();
    for (const name of ['c', 'a/b', 'a']) await pushManifest(name, { schemaVersion: 2, manifests: [] }, 'v1');
    expect(await (await call('GET', '/v2/_catalog')).json()).toEqual({ repositories: ['a', 'a/b', 'c'] });
    const page = await call('GET', '/v2/_catalog?n=2');
    expect(await page.json()).toEqual({ repositories: ['a', 'a/b'] });
    expect(page.headers.get('Link')).toBe('</v2/_catalog?last=a%2Fb&n=2>; rel="next"');
    const last = await call('GET', '/v2/_catalog?last=a%2Fb&n=2');
    expect(await last.json()).toEqual({ repositories: ['c'] });
    expect(last.headers.has('Link')).toBe(false);
  });
});

describe('listing referrers', () => {
  async function pushReferrer(
    registry: TestRegistry,
    subject: { digest: string },
    more: object,
    tag?: string,
  ): Promise<Descriptor> {
    await registry.pushBlob('a', '{}');
    const document = { schemaVersion: 2, config: EMPTY, layers: [], subject, ...more };
    return registry.pushManifest('a', document, tag);
  }

  async function referrers(registry: TestRegistry, path: string): Promise<[unknown, Headers]> {
    const response = await registry.call('GET', `/v2/a/referrers/${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe(MEDIA_TYPES.ociIndex);
    const { manifests, ...rest } = (await response.json()) as { manifests: unknown };
    expect(rest).toEqual({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex });
    return [manifests, response.headers];
  }

  it('lists nothing for a manifest that nobody knows', async () => {
    const registry = createTestRegistry();
    expect((await referrers(registry, NOBODYS_DIGEST))[0]).toEqual([]);
  });

  it('describes manifests and indexes', async () => {
    const registry = createTestRegistry();
    const subject = { mediaType: MEDIA_TYPES.ociManifest, digest: NOBODYS_DIGEST, size: 1 };
    const annotations = { created: 'today' };
    const typed = await pushReferrer(registry, subject, { artifactType: 'application/sbom', annotations });
    const untyped = await pushReferrer(registry, subject, {}, 'tagged');
    const index = await registry.pushManifest('a', { schemaVersion: 2, manifests: [], subject });
    const [manifests] = await referrers(registry, NOBODYS_DIGEST);
    const expected = [
      { ...typed, artifactType: 'application/sbom', annotations },
      { ...untyped, artifactType: MEDIA_TYPES.ociEmpty },
      index,
    ];
    expect(manifests).toEqual(expected.sort((a, b) => (a.digest < b.digest ? -1 : 1)));
  });

  it('filters by type', async () => {
    const registry = createTestRegistry();
    const subject = await registry.pushImage('a', 'v1');
    const wanted = await pushReferrer(registry, subject, { artifactType: 'application/sbom+json' });
    await pushReferrer(registry, subject, { artifactType: 'application/signature' });
    const type = encodeURIComponent('application/sbom+json');
    const [manifests, headers] = await referrers(registry, `${subject.digest}?artifactType=${type}`);
    expect(manifests).toEqual([{ ...wanted, artifactType: 'application/sbom+json' }]);
    expect(headers.get('OCI-Filters-Applied')).toBe('artifactType');
    expect((await referrers(registry, subject.digest))[1].has('OCI-Filters-Applied')).toBe(false);
  });

  it('tells the pusher that the subject was understood', async () => {
    const registry = createTestRegistry();
    const subject = await registry.pushImage('a', 'v1');
    const body = JSON.stringify({ schemaVersion: 2, manifests: [], subject });
    const headers = { 'Content-Type': MEDIA_TYPES.ociIndex };
    const response = await registry.call('PUT', '/v2/a/manifests/v2', { headers, body });
    expect(response.headers.get('OCI-Subject')).toBe(subject.digest);
  });

  it('forgets deleted manifests and skips lost ones', async () => {
    const registry = createTestRegistry();
    const subject = await registry.pushImage('a', 'v1');
    const first = await pushReferrer(registry, subject, { annotations: { number: '1' } });
    const second = await pushReferrer(registry, subject, { annotations: { number: '2' } });
    await registry.call('DELETE', `/v2/a/manifests/${first.digest}`);
    expect((await referrers(registry, subject.digest))[0]).toMatchObject([{ digest: second.digest }]);
    await registry.storage.content.delete(second.digest);
    expect((await referrers(registry, subject.digest))[0]).toEqual([]);
    await registry.call('DELETE', `/v2/a/manifests/${second.digest}`);
    expect((await referrers(registry, subject.digest))[0]).toEqual([]);
  });

  it('goes page by page where the list is long', async () => {
    const registry = createTestRegistry();
    const subject = await registry.pushImage('a', 'v1');
    const pushed: string[] = [];
    for (const number of ['1', '2', '3']) {
      const annotations = { number, padding: 'x'.repeat(1_700_000) };
      pushed.push((await pushReferrer(registry, subject, { artifactType: 'a/b', annotations })).digest);
    }
    const found: string[] = [];
    let next: string | undefined = `${subject.digest}?artifactType=a%2Fb`;
    while (next !== undefined) {
      const [manifests, headers] = await referrers(registry, next);
      found.push(...(manifests as Descriptor[]).map(({ digest }) => digest));
      next = headers.get('Link')?.match(/^<\/v2\/a\/referrers\/(.*)>; rel="next"$/)?.[1];
    }
    expect(found).toEqual(pushed.sort());
  });
});
