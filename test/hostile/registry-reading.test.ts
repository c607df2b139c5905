import { createHash } from 'node:crypto';
import { createRepository, createLayoutRepository, listCatalog } from '@stowage/registry';
import type { RepositoryInit } from '@stowage/registry';
import { MEDIA_TYPES } from '@stowage/types';
import type { Clock, Digest, Fetch, Repository } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { ANN, codeOf, endless } from './support/world.ts';

// A reader of lists, referrers, foreign layers and static layouts against hosts that mean harm. Each test is named after
// its row in the list of past advisories of the field.

const MIB = 1024 * 1024;
const ORIGIN = 'https://registry.test';
const BLOB = new TextEncoder().encode('foreign layer');
const DIGEST = digestOf(BLOB);
const clock: Clock = {
  now: () => 0,
  // Time limits never come, waits are over at once.
  sleep: (milliseconds, { signal } = {}) =>
    milliseconds < 15_000
      ? Promise.resolve()
      : new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
};

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** Hosts by their origins, and every request to them with what it proves. */
function world(hosts: Readonly<Record<string, (url: URL, headers: Headers) => Response>>) {
  const log: string[] = [];
  const fetch: Fetch = async (address, init = {}) => {
    const url = new URL(address);
    const headers = new Headers(init.headers);
    log.push(`${init.method ?? 'GET'} ${url.href} ${headers.get('authorization') ?? '-'}`);
    const host = hosts[url.origin];
    if (host === undefined) throw new TypeError(`cannot reach ${url.origin}`);
    return await Promise.resolve(host(url, headers));
  };
  const repository = (init: Partial<RepositoryInit> = {}): Repository => {
    const endpoint = { url: ORIGIN, mirror: false, official: false, insecure: false };
    return createRepository({ endpoint, name: 'team/app', fetch, clock, random: () => 1, ...init });
  };
  return { log, fetch, repository };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

function index(manifests: readonly unknown[], headers: Record<string, string> = {}): Response {
  return Response.json(
    { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests },
    { headers: { 'content-type': MEDIA_TYPES.ociIndex, ...headers } },
  );
}

function referrer(number: number): unknown {
  const digest = digestOf(new TextEncoder().encode(String(number)));
  return { mediaType: MEDIA_TYPES.ociManifest, digest, size: 1, artifactType: 'test/x' };
}

const isReferrers = (url: URL): boolean => url.pathname.includes('/referrers/');
const missing = (): Response => new Response(null, { status: 404 });

describe('rows 4 and 7: more than fits into memory', () => {
  const init = { endpoint: { url: ORIGIN, mirror: false, official: false, insecure: false }, clock };
  const layout = (fetch: Fetch): Repository => createLayoutRepository({ url: `${ORIGIN}/app`, fetch, clock });
  const cases: readonly [string, number, string, (fetch: Fetch) => Promise<unknown>][] = [
    ['a list of repositories', 16 * MIB, '/v2/_catalog', (fetch) => all(listCatalog({ ...init, fetch }))],
    [
      'a list of referrers',
      4 * MIB,
      `/v2/team/app/referrers/${DIGEST}`,
      (fetch) => all(createRepository({ ...init, fetch, name: 'team/app' }).referrers(DIGEST)),
    ],
    [
      'an index under the fallback tag',
      4 * MIB,
      `/v2/team/app/manifests/${DIGEST.replace(':', '-')}`,
      (fetch) => all(createRepository({ ...init, fetch, name: 'team/app' }).referrers(DIGEST)),
    ],
    ['the version of a layout', 64 * 1024, '/app/oci-layout', (fetch) => all(layout(fetch).tags())],
    ['the index of a layout (row 16)', 4 * MIB, '/app/index.json', (fetch) => all(layout(fetch).tags())],
    [
      'a manifest of a layout',
      4 * MIB,
      `/app/blobs/${DIGEST.replace(':', '/')}`,
      (fetch) => layout(fetch).manifests.get(DIGEST),
    ],
  ];
  it.each(cases)('%s is cut off', async (_name, limit, path, call) => {
    const { body, taken } = endless();
    const { fetch } = world({
      [ORIGIN]: ({ pathname }) => {
        if (pathname === path)
          return new Response(body, { headers: { 'content-type': MEDIA_TYPES.ociIndex } });
        if (pathname.endsWith('oci-layout')) return Response.json({ imageLayoutVersion: '1.0.0' });
        return pathname.endsWith('index.json') ? index([]) : missing();
      },
    });
    expect(await codeOf(call(fetch))).toBe('LIMIT_EXCEEDED');
    expect(taken()).toBeLessThanOrEqual(limit + 2 * 64 * 1024);
  });

  it('several ranges of a blob hold no more than they may', async () => {
    const size = 512 * MIB;
    let sent = 0;
    const { repository } = world({
      [ORIGIN]: (_url, headers) => {
        const [first = 0, last = 0] = (headers.get('range')?.match(/\d+/g) ?? []).map(Number);
        let left = last - first + 1;
        const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
          {
            pull(controller): void {
              const length = Math.min(left, MIB);
              left -= length;
              sent += length;
              if (length === 0) controller.close();
              else controller.enqueue(new Uint8Array(length));
            },
          },
          { highWaterMark: 0 },
        );
        const range = `bytes ${String(first)}-${String(last)}/${String(size)}`;
        return new Response(body, { status: 206, headers: { 'content-range': range } });
      },
    });
    const options = { size, connections: 4, partSize: 4 * MIB, verify: false };
    const reader = (await repository().blobs.open(DIGEST, options)).getReader();
    await reader.read();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve));
    expect(sent).toBeLessThanOrEqual(4 * 4 * MIB);
    await reader.cancel();
  });
});

describe('rows 8 and 9: foreign layers', () => {
  const EVIL = 'https://evil.test';
  const registry = (_url: URL, headers: Headers): Response =>
    headers.has('authorization')
      ? missing()
      : new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } });

  it.each([
    'Basic realm="x"',
    'Bearer realm="https://evil.test/token"',
    'Bearer realm="https://registry.test/token"',
    'Bearer realm="https://registry.test/token", Basic realm="x"',
  ])('a host that asks for credentials by %s gets none', async (challenge) => {
    const { log, repository } = world({
      [ORIGIN]: registry,
      [EVIL]: () => new Response(null, { status: 401, headers: { 'www-authenticate': challenge } }),
    });
    const opening = repository({ auth: ANN }).blobs.open(DIGEST, { urls: [`${EVIL}/layer`] });
    expect(await codeOf(opening)).toBe('UNAUTHENTICATED');
    expect(log.filter((line) => line.includes('evil.test'))).toEqual([`GET ${EVIL}/layer -`]);
    expect(log.filter((line) => line.includes('/token'))).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])(
    'a redirect back to the registry by %i brings none along',
    async (status) => {
      const { log, repository } = world({
        [ORIGIN]: registry,
        [EVIL]: () =>
          new Response(null, { status, headers: { location: `${ORIGIN}/v2/team/secret/blobs/x` } }),
      });
      const opening = repository({ auth: ANN }).blobs.open(DIGEST, { urls: [`${EVIL}/layer`] });
      expect(await codeOf(opening)).toBe('UNAUTHENTICATED');
      expect(log.at(-1)).toBe(`GET ${ORIGIN}/v2/team/secret/blobs/x -`);
    },
  );

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://2852039166/latest/meta-data',
    'http://[::ffff:127.0.0.1]/',
    'http://localhost:2375/containers/json',
    'http://10.1.2.3/',
    'http://metadata.google.internal/',
    'file:///etc/passwd',
    'gopher://evil.test/',
    'javascript:alert(1)',
    '//evil.test/layer',
    'https://ann:hunter2@evil.test/layer',
  ])('nothing is asked at %s', async (url) => {
    const { log, repository } = world({ [ORIGIN]: missing });
    expect(await codeOf(repository().blobs.open(DIGEST, { urls: [url] }))).toBe('REGISTRY');
    expect(log).toHaveLength(1);
  });

  it('other bytes are not taken for the layer', async () => {
    const { repository } = world({ [ORIGIN]: missing, [EVIL]: () => new Response('anything else') });
    const stream = await repository().blobs.open(DIGEST, { urls: [`${EVIL}/layer`] });
    expect(await codeOf(new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text())).toBe(
      'DIGEST_MISMATCH',
    );
  });
});

describe('row 17: lists without end', () => {
  it.each<[string, (page: number) => Response, number]>([
    [
      'new referrers on every page',
      (page) =>
        index(
          [1, 2, 3].map((one) => referrer(page * 10 + one)),
          { link: `<?page=${String(page)}>; rel=next` },
        ),
      3_334,
    ],
    ['empty pages', (page) => index([], { link: `<?page=${String(page)}>; rel=next` }), 1_000],
    [
      'pages of megabytes',
      (page) =>
        index([{ ...(referrer(page) as object), annotations: { padding: 'x'.repeat(MIB) } }], {
          link: `<?page=${String(page)}>; rel=next`,
        }),
      64,
    ],
  ])('%s come to an end', async (_name, answer, most) => {
    let pages = 0;
    const { repository } = world({
      [ORIGIN]: (url) => {
        if (!isReferrers(url)) return missing();
        pages += 1;
        return answer(pages);
      },
    });
    expect(await codeOf(all(repository().referrers(DIGEST)))).toBe('LIMIT_EXCEEDED');
    expect(pages).toBeLessThanOrEqual(most);
  });

  it('a page that leads to itself is noticed', async () => {
    let pages = 0;
    const { repository } = world({
      [ORIGIN]: (url) => {
        if (!isReferrers(url)) return missing();
        pages += 1;
        return index([referrer(1)], { link: `<${url.pathname}>; rel=next` });
      },
    });
    expect(await codeOf(all(repository().referrers(DIGEST)))).toBe('REGISTRY');
    expect(pages).toBe(1);
  });

  it('an index of very many referrers is too long', async () => {
    const many = Array.from({ length: 10_001 }, (_, number) => referrer(number));
    const { repository } = world({ [ORIGIN]: (url) => (isReferrers(url) ? index(many) : missing()) });
    expect(await codeOf(all(repository().referrers(DIGEST)))).toBe('LIMIT_EXCEEDED');
    expect(await codeOf(all(repository().referrers(DIGEST, { maxEntries: 20_000 })))).toBe('resolved');
  });

  it('a next page elsewhere is not asked for', async () => {
    const { log, repository } = world({
      [ORIGIN]: (url) =>
        isReferrers(url) ? index([], { link: '<https://evil.test/x>; rel=next' }) : missing(),
    });
    expect(await codeOf(all(repository({ auth: ANN }).referrers(DIGEST)))).toBe('REGISTRY');
    expect(log.filter((line) => line.includes('evil.test'))).toEqual([]);
  });
});

describe('row 18: a referrer that is not what was listed', () => {
  it('is refused when it is fetched by its digest', async () => {
    const { repository } = world({
      [ORIGIN]: (url) =>
        isReferrers(url)
          ? index([referrer(1)])
          : url.pathname.includes('sha256-')
            ? missing()
            : Response.json(
                { schemaVersion: 2, manifests: [] },
                { headers: { 'content-type': MEDIA_TYPES.ociIndex } },
              ),
    });
    const [found] = await all(repository().referrers(DIGEST));
    expect(await codeOf(repository().manifests.get(found?.digest ?? ''))).toBe('DIGEST_MISMATCH');
  });

  it('is refused when its type is looked up', async () => {
    const listed = { ...(referrer(1) as object), artifactType: MEDIA_TYPES.ociEmpty };
    const { repository } = world({
      [ORIGIN]: (url) => (isReferrers(url) ? index([listed]) : Response.json({ schemaVersion: 2 })),
    });
    expect(await codeOf(all(repository().referrers(DIGEST)))).toBe('DIGEST_MISMATCH');
  });
});

describe('row 19: digests and names that are none', () => {
  it.each(['sha256:../../x', `sha256:${'A'.repeat(64)}`, 'md5:x', ''])(
    'nothing is sent for %j',
    async (digest) => {
      const { log, fetch, repository } = world({});
      const layout = createLayoutRepository({ url: `${ORIGIN}/app`, fetch, clock });
      for (const one of [repository(), layout]) {
        expect(await codeOf(all(one.referrers(digest as Digest)))).toBe('INVALID_DIGEST');
        expect(await codeOf(one.blobs.open(digest as Digest, { urls: ['https://evil.test/'] }))).toBe(
          'INVALID_DIGEST',
        );
        expect(await codeOf(one.blobs.stat(digest as Digest))).toBe('INVALID_DIGEST');
      }
      expect(log).toEqual([]);
    },
  );

  it.each(['sha256:../../x', `sha256:${'0'.repeat(63)}`, 7, null])(
    '%j comes out of no list',
    async (digest) => {
      const bad = { mediaType: MEDIA_TYPES.ociManifest, digest, size: 1 };
      const { fetch, repository } = world({
        [ORIGIN]: ({ pathname }) => {
          if (pathname.endsWith('oci-layout')) return Response.json({ imageLayoutVersion: '1.0.0' });
          return index([bad]);
        },
      });
      const layout = createLayoutRepository({ url: `${ORIGIN}/app`, fetch, clock });
      expect(await codeOf(all(repository().referrers(DIGEST)))).toBe('INVALID_MANIFEST');
      expect(await codeOf(all(layout.tags()))).toBe('INVALID_MANIFEST');
    },
  );

  it.each(['../../etc', 'a/../b', 'A', 'a?b', '/a', 'a:b'])(
    'the name %j comes out of no catalog',
    async (name) => {
      const { fetch } = world({ [ORIGIN]: () => Response.json({ repositories: [name] }) });
      const endpoint = { url: ORIGIN, mirror: false, official: false, insecure: false };
      expect(await codeOf(all(listCatalog({ endpoint, fetch, clock })))).toBe('REGISTRY');
    },
  );
});

describe('row 21: other bytes than the digest names', () => {
  it('are refused by tag too, where the header names something else', async () => {
    const headers = { 'docker-content-digest': DIGEST, 'content-type': MEDIA_TYPES.ociIndex };
    const { repository } = world({
      [ORIGIN]: () => Response.json({ schemaVersion: 2, manifests: [] }, { headers }),
    });
    expect(await codeOf(repository().manifests.get('v1'))).toBe('DIGEST_MISMATCH');
  });

  it('are refused on a static host', async () => {
    const entry = { mediaType: MEDIA_TYPES.ociManifest, digest: DIGEST, size: 2 };
    const named = { ...entry, annotations: { 'org.opencontainers.image.ref.name': 'v1' } };
    const { fetch } = world({
      [ORIGIN]: ({ pathname }) => {
        if (pathname.endsWith('oci-layout')) return Response.json({ imageLayoutVersion: '1.0.0' });
        return pathname.endsWith('index.json') ? index([named]) : new Response('{}');
      },
    });
    const { manifests } = createLayoutRepository({ url: `${ORIGIN}/app`, fetch, clock });
    expect(await codeOf(manifests.get('v1'))).toBe('DIGEST_MISMATCH');
    expect(await codeOf(manifests.head('v1'))).toBe('DIGEST_MISMATCH');
  });

  it('are refused when they come as ranges', async () => {
    const { repository } = world({
      [ORIGIN]: (_url, headers) => {
        const [first = 0, last = 0] = (headers.get('range')?.match(/\d+/g) ?? []).map(Number);
        const range = `bytes ${String(first)}-${String(last)}/12`;
        return new Response('x'.repeat(last - first + 1), {
          status: 206,
          headers: { 'content-range': range },
        });
      },
    });
    const stream = await repository().blobs.open(DIGEST, { connections: 3, partSize: 4 });
    expect(await codeOf(new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text())).toBe(
      'DIGEST_MISMATCH',
    );
  });
});
