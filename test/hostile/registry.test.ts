import {
  createRegistryService,
  createRepository,
  createTokenCache,
  parseChallenges,
} from '@stowage/registry';
import type { RepositoryInit } from '@stowage/registry';
import { isStowageError } from '@stowage/types';
import type { AuthConfig, Clock, Digest, Repository } from '@stowage/types';
import { describe, expect, it } from 'vitest';

// A client against registries, token servers and object stores that mean harm. Each test is named after its row in the
// list of past advisories of the field.

interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
}

type Server = (seen: Seen) => Response;

const ANN: AuthConfig = { username: 'ann', password: 'hunter2' };
/** Every form in which a secret of these tests can show up. */
const SECRETS = ['hunter2', btoa('ann:hunter2'), 'refresh-secret', 'token-secret'];
const DIGEST = `sha256:${'0'.repeat(64)}` as Digest;
const DENIED = { errors: [{ code: 'UNAUTHORIZED', message: 'no' }] };

/** Hosts that answer as told; anything else cannot be reached. Time passes at once, but for time limits. */
class World {
  readonly seen: Seen[] = [];
  readonly waits: number[] = [];
  readonly #servers: Readonly<Record<string, Server>>;

  constructor(servers: Readonly<Record<string, Server>>) {
    this.#servers = servers;
  }

  readonly fetch = async (address: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(address);
    const body = typeof init.body === 'string' ? init.body : '';
    const seen = { method: init.method ?? 'GET', url, headers: new Headers(init.headers), body };
    this.seen.push(seen);
    const server = this.#servers[url.origin];
    if (server === undefined) throw new TypeError(`cannot reach ${url.origin}`);
    return await Promise.resolve(server(seen));
  };

  readonly clock: Clock = {
    now: () => 0,
    sleep: async (milliseconds, { signal } = {}) => {
      if (milliseconds === 15_000) {
        await new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            reject(new Error('no longer waited for'));
          });
        });
      }
      this.waits.push(milliseconds);
    },
  };

  repository(url: string, init: Partial<RepositoryInit> = {}): Repository {
    const endpoint = { url, mirror: false, official: false, insecure: false };
    return createRepository({ endpoint, name: 'team/app', fetch: this.fetch, clock: this.clock, ...init });
  }

  /** The origins that got to see a secret. */
  leaks(): string[] {
    const told = this.seen.filter(({ url, headers, body }) => {
      const text = [url.href, body, ...[...headers].map(([, value]) => value)].join('\n');
      return SECRETS.some((secret) => text.includes(secret));
    });
    return [...new Set(told.map(({ url }) => url.origin))];
  }

  origins(): string[] {
    return [...new Set(this.seen.map(({ url }) => url.origin))];
  }
}

function challenge(header: string): Response {
  return Response.json(DENIED, { status: 401, headers: { 'www-authenticate': header } });
}

function redirect(location: string, status = 307): Response {
  return new Response(null, { status, headers: { location } });
}

/** Lets those in who bring an `Authorization`, and names how to get one. */
function asking(header: string, inside: Server = () => Response.json({ tags: ['v1'] })): Server {
  return (seen) =>
    seen.headers.has('authorization') && seen.url.pathname !== '/v2/' ? inside(seen) : challenge(header);
}

async function tags(repository: Repository): Promise<string[]> {
  const found: string[] = [];
  for await (const tag of repository.tags()) found.push(tag);
  return found;
}

/** The code that a promise rejects with; `resolved` when it does not. */
async function code(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'resolved',
    (error: unknown) => (isStowageError(error) ? error.code : `not typed: ${String(error)}`),
  );
}

/** A body without end, which counts how much of it was taken. */
function endless(): { body: ReadableStream<Uint8Array<ArrayBuffer>>; taken: () => number } {
  let taken = 0;
  const chunk = new Uint8Array(64 * 1024).fill(0x20);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller): void {
        taken += chunk.byteLength;
        controller.enqueue(chunk);
      },
    },
    { highWaterMark: 0 },
  );
  return { body, taken: () => taken };
}

const MIB = 1024 * 1024;

describe('row 2: from https to http', () => {
  it.each<[string, AuthConfig | undefined, string]>([
    ['without credentials', undefined, 'https://registry.test/v2/team/app/manifests/v1'],
    ['with some', ANN, 'https://registry.test/v2/'],
  ])('no certificate error makes it happen, %s', async (_name, auth, first) => {
    const service = createRegistryService({ insecureRegistries: ['other.test'] });
    const endpoints = await service.lookupPullEndpoints('registry.test');
    const cause = Object.assign(new Error('self-signed certificate'), {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    const urls: string[] = [];
    for (const endpoint of endpoints) {
      const fetch = (url: string): Promise<Response> => {
        urls.push(url);
        return Promise.reject(new TypeError('fetch failed', { cause }));
      };
      const repository = createRepository({ endpoint, name: 'team/app', auth, fetch });
      const error: unknown = await repository.manifests.get('v1').catch((caught: unknown) => caught);
      expect(isStowageError(error, 'UNAVAILABLE') && [error.retryable, error.reason]).toEqual([
        false,
        'certificate',
      ]);
    }
    expect(urls).toEqual([first]);
  });

  it('no redirect and no next page does', async () => {
    const world = new World({
      'https://registry.test': ({ url }) => {
        if (url.pathname.endsWith('/tags/list')) {
          const headers = { link: '<http://registry.test:80/v2/team/app/tags/list?last=v1>; rel="next"' };
          return url.search === ''
            ? Response.json({ tags: ['v1'] }, { headers })
            : Response.json({ tags: [] });
        }
        return redirect('http://registry.test/plain');
      },
    });
    const repository = world.repository('https://registry.test');
    expect(await code(repository.blobs.open(DIGEST))).toBe('REGISTRY');
    expect(await tags(repository)).toEqual(['v1']);
    expect(world.origins()).toEqual(['https://registry.test']);
  });
});

describe('rows 4 and 7: more than fits into memory', () => {
  it.each<[string, number, (repository: Repository) => Promise<unknown>, string]>([
    ['a manifest', 4 * MIB, (repository) => repository.manifests.get('v1'), '/v2/team/app/manifests/v1'],
    ['a list of tags', 16 * MIB, tags, '/v2/team/app/tags/list'],
  ])('%s is cut off', async (_name, limit, call, path) => {
    const { body, taken } = endless();
    const world = new World({
      'https://registry.test': ({ url }) => (url.pathname === path ? new Response(body) : new Response()),
    });
    expect(await code(call(world.repository('https://registry.test')))).toBe('LIMIT_EXCEEDED');
    expect(taken()).toBeLessThanOrEqual(limit + 2 * 64 * 1024);
  });

  it('a token is cut off', async () => {
    const { body, taken } = endless();
    const world = new World({
      'https://registry.test': asking('Bearer realm="https://registry.test/token"', () => new Response(body)),
    });
    const registry = world.repository('https://registry.test', { auth: ANN });
    expect(await code(tags(registry))).toBe('LIMIT_EXCEEDED');
    expect(taken()).toBeLessThanOrEqual(MIB + 2 * 64 * 1024);
  });

  it('an error is cut off', async () => {
    const { body, taken } = endless();
    const world = new World({
      'https://registry.test': () => new Response(body, { status: 404 }),
    });
    expect(await code(world.repository('https://registry.test').manifests.get('v1'))).toBe('NOT_FOUND');
    expect(taken()).toBeLessThanOrEqual(2 * 64 * 1024);
  });
});

describe('row 8: another host asks for credentials', () => {
  it.each([
    'Basic realm="x"',
    'Bearer realm="https://evil.test/token"',
    'Bearer realm="https://registry.test/token"',
  ])('an object store answers %s', async (header) => {
    const world = new World({
      'https://registry.test': asking('Basic realm="r"', () => redirect('https://evil.test/blob')),
      'https://evil.test': () => challenge(header),
    });
    const repository = world.repository('https://registry.test', { auth: ANN });
    expect(await code(repository.blobs.open(DIGEST))).toBe('UNAUTHENTICATED');
    expect(world.leaks()).toEqual(['https://registry.test']);
  });
});

describe('row 10: a manifest that is two things', () => {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: DIGEST, size: 2 };
  const oci = 'application/vnd.oci.image.manifest.v1+json';
  const index = 'application/vnd.oci.image.index.v1+json';
  it.each<[string, string, unknown]>([
    ['manifest and index', oci, { schemaVersion: 2, config, layers: [], manifests: [] }],
    ['index and manifest', index, { schemaVersion: 2, config, layers: [], manifests: [] }],
    ['index and layers', index, { schemaVersion: 2, layers: [], manifests: [] }],
    ['an index sent as a manifest', oci, { schemaVersion: 2, manifests: [] }],
    ['a manifest sent as an index', index, { schemaVersion: 2, config, layers: [] }],
    ['a type of its own', oci, { schemaVersion: 2, mediaType: index, config, layers: [] }],
    ['both, sent as nothing', 'text/plain', { schemaVersion: 2, config, layers: [], manifests: [] }],
    [
      'an index sent as schema 1',
      'application/vnd.docker.distribution.manifest.v1+json',
      { schemaVersion: 2, manifests: [] },
    ],
  ])('%s', async (_name, contentType, document) => {
    const world = new World({
      'https://registry.test': () => Response.json(document, { headers: { 'content-type': contentType } }),
    });
    expect(await code(world.repository('https://registry.test').manifests.get('v1'))).toBe(
      'INVALID_MANIFEST',
    );
  });
});

describe('rows 14 and 32: the credentials of another host', () => {
  it.each([
    'https://ghcr.io.evil.test',
    'https://evil-ghcr.io',
    'https://ghcr.io:444',
    'https://sub.ghcr.io',
    'https://hcr.io',
    'https://registry-1.docker.io',
  ])('%s gets none of ghcr.io', async (url) => {
    const world = new World({ [url]: asking('Basic realm="r"') });
    const keychain: Readonly<Record<string, AuthConfig>> = { 'ghcr.io': ANN };
    const asked: string[] = [];
    const provider = (host: string): Promise<AuthConfig | undefined> => {
      asked.push(host);
      return Promise.resolve(keychain[host]);
    };
    expect(await code(tags(world.repository(url, { auth: provider })))).toBe('UNAUTHENTICATED');
    expect(
      await code(tags(world.repository(url, { auth: { ...ANN, serverAddress: 'https://ghcr.io' } }))),
    ).toBe('UNAUTHENTICATED');
    expect(asked).toEqual([new URL(url).host]);
    expect(world.leaks()).toEqual([]);
  });

  it('a user name in the address does not make it another', () => {
    const world = new World({});
    expect(() => world.repository('https://ghcr.io@evil.test')).toThrow('a registry endpoint must be');
  });

  it('a mirror gets none of Docker Hub', async () => {
    const world = new World({ 'https://mirror.test': asking('Basic realm="r"') });
    const endpoint = { url: 'https://mirror.test', mirror: true, official: false, insecure: false };
    for (const auth of [ANN, { ...ANN, serverAddress: 'https://index.docker.io/v1/' }]) {
      expect(await code(tags(world.repository('', { endpoint, auth })))).toBe('UNAUTHENTICATED');
    }
    expect(world.leaks()).toEqual([]);
  });
});

describe('row 19: strings that are not what they should be', () => {
  it.each([
    'sha256:../../../etc/passwd',
    'sha256:..%2f..%2fetc',
    `sha256:${'0'.repeat(63)}`,
    `sha256:${'0'.repeat(65)}`,
    `SHA256:${'0'.repeat(64)}`,
    `sha256:${'A'.repeat(64)}`,
    `md5:${'0'.repeat(32)}`,
    `sha256:${'0'.repeat(64)}?x=1`,
    `sha256:${'0'.repeat(64)}\u0000`,
    `sha256:${'0'.repeat(64)}/../../uploads`,
  ])('nothing is sent for the digest %j', async (digest) => {
    const world = new World({});
    const { blobs, manifests } = world.repository('https://registry.test');
    const calls = [
      blobs.open(digest as Digest),
      blobs.stat(digest as Digest),
      manifests.get(digest),
      manifests.head(digest),
    ];
    expect(await Promise.all(calls.map(code))).toEqual(calls.map(() => 'INVALID_DIGEST'));
    expect(world.seen).toEqual([]);
  });

  it('nothing is sent for names and tags that are none', async () => {
    const world = new World({});
    for (const name of [
      '../admin',
      'a/../b',
      'a?x',
      'a%2e',
      'a\u0000',
      'A',
      'x'.repeat(300),
      'a:b',
      'evil.test:80/a',
    ]) {
      expect(() => world.repository('https://registry.test', { name })).toThrow();
    }
    for (const tag of ['../x', 'a/b', '%2e%2e', 'a b', '', '.', '\u0000', 'x'.repeat(129)]) {
      expect(await code(world.repository('https://registry.test').manifests.get(tag))).toBe(
        'INVALID_REFERENCE',
      );
    }
    expect(world.seen).toEqual([]);
  });

  it('a tag that is none does not come out of a list', async () => {
    const world = new World({ 'https://registry.test': () => Response.json({ tags: ['../../etc/passwd'] }) });
    expect(await code(tags(world.repository('https://registry.test')))).toBe('REGISTRY');
  });

  it('a digest that is none does not come out of a header', async () => {
    const headers = {
      'docker-content-digest': 'sha256:../../x',
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'content-length': '10',
    };
    const world = new World({ 'https://registry.test': () => new Response('{"a":1234}', { headers }) });
    expect(await code(world.repository('https://registry.test').manifests.head('v1'))).toBe(
      'INVALID_MANIFEST',
    );
  });
});

describe('row 21: other bytes than the digest names', () => {
  it('are refused, though the headers agree with the digest', async () => {
    const headers = { 'docker-content-digest': DIGEST, etag: `"${DIGEST}"` };
    const world = new World({
      'https://registry.test': () => new Response('{"schemaVersion":2,"manifests":[]}', { headers }),
    });
    const { manifests, blobs } = world.repository('https://registry.test');
    expect(await code(manifests.get(DIGEST))).toBe('DIGEST_MISMATCH');
    const stream = await blobs.open(DIGEST);
    expect(await code(new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text())).toBe(
      'DIGEST_MISMATCH',
    );
  });
});

describe('rows 25 and 28: a realm that leads astray', () => {
  it.each([
    'http://registry.test/token',
    'http://evil.test/token',
    'https://127.0.0.1/token',
    'https://127.1/token',
    'https://2130706433/token',
    'https://0x7f000001/token',
    'https://0177.0.0.1/token',
    'https://0/token',
    'https://localhost/token',
    'https://x.localhost./token',
    'https://[::1]/token',
    'https://[::]/token',
    'https://[::ffff:127.0.0.1]/token',
    'https://[::ffff:a9fe:a9fe]/token',
    'https://169.254.169.254/latest/meta-data/',
    'https://metadata.google.internal/token',
    'https://[fd00:ec2::254]/token',
    'https://10.0.0.1/token',
    'https://192.168.1.1/token',
    'https://172.16.0.1/token',
    'https://[fd12:3456::1]/token',
    'https://[fe80::1]/token',
    'https://[64:ff9b::7f00:1]/token',
    'https://user:pass@registry.test/token',
    'file:///etc/passwd',
    'javascript:alert(1)',
    '//evil.test/token',
    '',
  ])('nobody is asked at %s', async (realm) => {
    const world = new World({ 'https://registry.test': asking(`Bearer realm="${realm}",service="s"`) });
    for (const auth of [ANN, { identityToken: 'refresh-secret' }, undefined]) {
      expect(await code(tags(world.repository('https://registry.test', { auth })))).toBe('UNAUTHENTICATED');
    }
    expect(world.origins()).toEqual(['https://registry.test']);
    expect(world.leaks()).toEqual([]);
  });

  it.each(['https://evil.test', 'https://registry.test.evil.test', 'https://evilregistry.test'])(
    '%s is asked as nobody, and not at all by who has credentials',
    async (origin) => {
      const world = new World({
        'https://registry.test': asking(`Bearer realm="${origin}/token"`),
        [origin]: () => Response.json({ token: 'harmless' }),
      });
      expect(await tags(world.repository('https://registry.test'))).toEqual(['v1']);
      const asked = world.seen.length;
      const failure = tags(world.repository('https://registry.test', { auth: ANN }));
      await expect(failure).rejects.toThrow(`put '${new URL(origin).host}' into trustedRealms`);
      expect(world.seen.slice(asked).map(({ url }) => url.origin)).toEqual(['https://registry.test']);
      expect(world.leaks()).toEqual([]);
    },
  );

  it('a token server does not send us where it could not have been itself', async () => {
    for (const location of [
      'https://169.254.169.254/',
      'https://127.0.0.1/',
      'https://10.0.0.1/',
      'http://registry.test/token',
    ]) {
      const world = new World({
        'https://registry.test': ({ url }) =>
          url.pathname === '/token'
            ? redirect(location)
            : challenge('Bearer realm="https://registry.test/token"'),
      });
      expect(await code(tags(world.repository('https://registry.test', { auth: ANN })))).toBe('REGISTRY');
      expect(world.origins()).toEqual(['https://registry.test']);
    }
  });

  it('a token that would split a header is refused', async () => {
    const world = new World({
      'https://registry.test': asking('Bearer realm="https://evil.test/token"'),
      'https://evil.test': () => Response.json({ token: 'a\r\nX-Injected: 1' }),
    });
    expect(await code(tags(world.repository('https://registry.test')))).toBe('REGISTRY');
  });

  it('a challenge is read by its grammar', () => {
    const header =
      'Basic realm="a, Bearer realm=\\"https://evil.test\\"", Bearer realm="https://registry.test/token"';
    const read = parseChallenges([header]).map(({ scheme, parameters }) => [scheme, parameters.get('realm')]);
    expect(read).toEqual([
      ['basic', 'a, Bearer realm="https://evil.test"'],
      ['bearer', 'https://registry.test/token'],
    ]);
  });
});

describe('row 26: a refresh token', () => {
  const auth = { identityToken: 'refresh-secret' };

  it('does not go to a realm of somebody else', async () => {
    const world = new World({
      'https://registry.test': asking('Bearer realm="https://evil.test/token"'),
      'https://evil.test': () => Response.json({ token: 'harmless' }),
    });
    expect(await code(tags(world.repository('https://registry.test', { auth })))).toBe('UNAUTHENTICATED');
    expect(world.origins()).toEqual(['https://registry.test']);
    expect(world.leaks()).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    const world = new World({
      'https://registry.test': ({ url }) =>
        url.pathname === '/token'
          ? redirect('https://evil.test/token', status)
          : challenge('Bearer realm="https://registry.test/token"'),
    });
    expect(await code(tags(world.repository('https://registry.test', { auth })))).toBe('REGISTRY');
    expect(world.origins()).toEqual(['https://registry.test']);
  });

  it('gives a token that no other user gets, though they share a cache', async () => {
    const world = new World({
      'https://registry.test': (seen) => {
        if (seen.url.pathname === '/token') {
          return Response.json({ token: seen.method === 'POST' ? 'token-secret' : 'harmless' });
        }
        return asking('Bearer realm="https://registry.test/token"')(seen);
      },
    });
    const tokens = createTokenCache({ clock: world.clock });
    await tags(world.repository('https://registry.test', { auth, tokens }));
    const before = world.seen.length;
    await tags(world.repository('https://registry.test', { tokens }));
    const sent = world.seen.slice(before).map(({ headers }) => headers.get('authorization'));
    expect(sent).toContain('Bearer harmless');
    expect(sent).not.toContain('Bearer token-secret');
  });
});

describe('row 30: redirects between origins', () => {
  const cases = ['https://cdn.test', 'https://registry.test:444', 'https://a.registry.test'].flatMap(
    (origin) =>
      [301, 302, 303, 307, 308].flatMap((status) =>
        [false, true].map((back) => [origin, status, back] as const),
      ),
  );
  it.each(cases)('%s, %i, and back: %s', async (origin, status, back) => {
    const sent: (string | null)[] = [];
    const note = (seen: Seen, response: Response): Response => {
      sent.push(seen.headers.get('authorization'));
      return response;
    };
    const world = new World({
      'https://registry.test': asking('Basic realm="r"', (seen) =>
        note(seen, redirect(`${origin}/blob`, status)),
      ),
      [origin]: (seen) =>
        note(seen, back ? redirect('https://registry.test/v2/back', status) : challenge('Basic realm="x"')),
    });
    const repository = world.repository('https://registry.test', { auth: ANN });
    expect(await code(repository.blobs.open(DIGEST))).toBe('UNAUTHENTICATED');
    expect(sent).toEqual([`Basic ${btoa('ann:hunter2')}`, null]);
    const last = world.seen.at(-1);
    expect([last?.url.origin, last?.headers.get('authorization')]).toEqual([
      back ? 'https://registry.test' : origin,
      null,
    ]);
    expect(world.leaks()).toEqual(['https://registry.test']);
  });
});

describe('row 43: codings', () => {
  it('are not asked for, and a chain of them is refused', async () => {
    const { body, taken } = endless();
    const headers = { 'content-encoding': 'gzip, gzip, gzip, gzip' };
    const world = new World({ 'https://registry.test': () => new Response(body, { headers }) });
    expect(await code(world.repository('https://registry.test').blobs.open(DIGEST))).toBe('REGISTRY');
    expect(taken()).toBeLessThanOrEqual(2 * 64 * 1024);
    expect(world.seen.map(({ headers: sent }) => sent.get('accept-encoding'))).toEqual(['identity']);
  });

  it('a blob is read no faster than it is taken', async () => {
    const { body, taken } = endless();
    const world = new World({ 'https://registry.test': () => new Response(body) });
    const stream = await world.repository('https://registry.test').blobs.open(DIGEST);
    const reader = stream.getReader();
    for (let count = 0; count < 4; count++) await reader.read();
    await new Promise((resolve) => setTimeout(resolve));
    expect(taken()).toBeLessThanOrEqual(8 * 64 * 1024);
    await reader.cancel();
  });
});

describe('row 47: numbers of the server', () => {
  const numbers = [
    '9223372036854775807',
    '18446744073709551616',
    '-1',
    'NaN',
    '1e9',
    '0x10',
    '',
    ' ',
    '1,2',
    '1.5',
  ];

  it.each(numbers)('Content-Length: %j', async (value) => {
    const world = new World({
      'https://registry.test': ({ method }) => {
        if (method === 'HEAD') return new Response(null, { headers: { 'content-length': value } });
        return new Response('abc', { status: 206, headers: { 'content-range': 'bytes 0-0/3' } });
      },
    });
    expect((await world.repository('https://registry.test').blobs.stat(DIGEST)).size).toBe(3);
  });

  it.each(numbers)('Content-Range: bytes 1-%s/%s', async (value) => {
    const headers = { 'content-range': `bytes 1-${value}/${value}` };
    const world = new World({
      'https://registry.test': () => new Response('abc', { status: 206, headers }),
    });
    expect(await code(world.repository('https://registry.test').blobs.open(DIGEST, { offset: 1 }))).toBe(
      'REGISTRY',
    );
  });

  it.each(numbers)('Retry-After: %j is waited for no longer than a minute', async (value) => {
    const headers = { 'retry-after': value };
    const world = new World({ 'https://registry.test': () => new Response(null, { status: 503, headers }) });
    expect(await code(tags(world.repository('https://registry.test')))).toBe('UNAVAILABLE');
    expect(world.waits.length).toBe(2);
    for (const wait of world.waits) expect(wait >= 0 && wait <= 60_000).toBe(true);
  });

  it.each([...numbers, 2 ** 63, -1, 1e308, null, {}, []])('expires_in: %j', async (value) => {
    const world = new World({
      'https://registry.test': (seen) =>
        seen.url.pathname === '/token'
          ? Response.json({ token: 'harmless', expires_in: value })
          : asking('Bearer realm="https://registry.test/token"')(seen),
    });
    expect(await tags(world.repository('https://registry.test'))).toEqual(['v1']);
  });
});
