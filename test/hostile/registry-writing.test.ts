import { createHash } from 'node:crypto';
import { createRepository } from '@stowage/registry';
import { isRegistryError } from '@stowage/types';
import type { Clock, ContentUpload, Digest, Fetch } from '@stowage/types';
import { describe, expect, it } from 'vitest';

// A writer against registries that mean harm. Each test is named after its row in the list of past advisories of the field.

const ORIGIN = 'https://registry.test';
const BYTES = new TextEncoder().encode('content to upload');
const clock: Clock = {
  now: () => 0,
  // Time limits never come, waits are over at once.
  sleep: (milliseconds) => (milliseconds < 15_000 ? Promise.resolve() : new Promise(() => undefined)),
};

function content(): ContentUpload {
  return {
    digest: `sha256:${createHash('sha256').update(BYTES).digest('hex')}` as Digest,
    size: BYTES.byteLength,
    open: (offset) => Promise.resolve(new Blob([BYTES.subarray(offset)]).stream()),
  };
}

/** A registry that begins every upload with these headers, and what each request to anybody proves. */
function world(begin: Readonly<Record<string, string>>, patch: Readonly<Record<string, string>> = {}) {
  const log: string[] = [];
  const fetch: Fetch = (address, init = {}) => {
    const { origin, pathname } = new URL(address);
    const headers = new Headers(init.headers);
    const secrets = [headers.get('authorization'), headers.get('x-meta')].map((value) => value ?? '-');
    log.push(`${init.method ?? 'GET'} ${origin} ${secrets.join(' ')}`);
    if (origin === ORIGIN && pathname === '/v2/') {
      const challenge = { 'www-authenticate': 'Basic realm="r"' };
      return Promise.resolve(new Response(null, { status: 401, headers: challenge }));
    }
    const answers: Readonly<Record<string, Response>> = {
      POST: new Response(null, { status: 202, headers: begin }),
      PATCH: new Response(null, { status: 202, headers: patch }),
      PUT: new Response(null, { status: 201 }),
      DELETE: new Response(null, { status: 204 }),
    };
    return Promise.resolve(answers[init.method ?? ''] ?? new Response(null, { status: 404 }));
  };
  const { blobs } = createRepository({
    endpoint: { url: ORIGIN, mirror: false, official: false, insecure: false },
    name: 'team/app',
    actions: ['pull', 'push'],
    auth: { username: 'ann', password: 'hunter2' },
    metaHeaders: { 'x-meta': 'm' },
    fetch,
    clock,
    random: () => 1,
  });
  return { log, blobs };
}

describe('row 29: the location of an upload', () => {
  const elsewhere = [
    'https://evil.test/up',
    'https://registry.test:8443/up',
    'https://registry.test.evil.test/up',
    'https://evil.test/registry.test/up',
    '//evil.test/up',
  ];
  it.each(elsewhere)('at another origin gets no credentials: %s', async (location) => {
    const { log, blobs } = world({ location });
    await blobs.upload(content());
    expect(log.filter((line) => !line.includes(`${ORIGIN} `)).length).toBe(1);
    expect(log.filter((line) => !line.includes(`${ORIGIN} `) && !line.endsWith(' - -'))).toEqual([]);
  });

  it.each(elsewhere)(
    'gets none when it moves in between, and none of the end either: %s',
    async (location) => {
      const { log, blobs } = world({ location: '/up' }, { location });
      await blobs.upload({ ...content(), chunkSize: 10 });
      expect(log.filter((line) => !line.includes(`${ORIGIN} `) && !line.endsWith(' - -'))).toEqual([]);
      expect(log.at(-1)?.startsWith('PUT')).toBe(true);
    },
  );

  it.each(elsewhere)('gets none by a session that was kept: %s', async (location) => {
    const { log, blobs } = world({});
    const url = location.startsWith('//') ? `https:${location}` : location;
    await blobs.upload({ ...content(), session: { url, offset: 0 } });
    await blobs.cancel({ url, offset: 0 });
    expect(log.map((line) => line.endsWith(' - -'))).toEqual([true, true]);
  });

  it.each([
    'http://registry.test:8080/up',
    'http://evil.test/up',
    'https://ann:hunter2@evil.test/up',
    'https://127.0.0.1/up',
    'https://[::ffff:127.0.0.1]/up',
    'https://2130706433/up',
    'https://169.254.169.254/latest',
    'https://192.168.0.1/up',
    'javascript:alert(1)',
    'ftp://registry.test/up',
  ])('is not followed to %s', async (location) => {
    const { log, blobs } = world({ location });
    const error = await blobs.upload(content()).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(isRegistryError(error) && error.reason).toBe('redirect');
    expect(log.filter((line) => !line.includes(`${ORIGIN} `))).toEqual([]);
  });
});

describe('row 47: the sizes of chunks', () => {
  it.each(['9223372036854775807', '1099511627776', '-1', 'NaN', '1e9', '', '0', '0x10', '1, 2'])(
    'take no memory that a registry chooses: %s',
    async (value) => {
      for (const header of ['oci-chunk-min-length', 'oci-chunk-max-length']) {
        const { log, blobs } = world({ location: '/up', [header]: value });
        const before = process.memoryUsage().arrayBuffers;
        await blobs.upload({ ...content(), chunkSize: 4 });
        await blobs.upload({ stream: new Blob([BYTES]).stream() });
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 1024 * 1024);
        expect(log.filter((line) => line.startsWith('PATCH')).length).toBeLessThanOrEqual(5);
      }
    },
  );
});
