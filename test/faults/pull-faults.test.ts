import { createMemoryStorage } from '@stowage/storage';
import { isRegistryError, isStowageError } from '@stowage/types';
import type { Clock, ErrorCode, Storage } from '@stowage/types';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterEach, describe, expect, it } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import type { Fault, ScenarioStep } from './script.ts';
import { startScriptedRegistry } from './scripted-registry.ts';
import type { ScriptedRegistry } from './scripted-registry.ts';

const image = buildImage([
  [
    { name: 'base/', type: 'dir' },
    { name: 'base/noise', content: noise(200_000) },
  ],
  [{ name: 'base/top', content: 'top\n' }],
]);
const [base, top] = image.layers as [(typeof image.layers)[0], (typeof image.layers)[0]];
const NAME = 'team/app:v1';
const blob = (digest: string): RegExp => new RegExp(`^GET .*/blobs/${digest}`);
const MANIFEST_BY_TAG = /^(?:HEAD|GET) .*\/manifests\/v1$/;
const MANIFEST = /^GET .*\/manifests\//;
const ALWAYS = 1_000;

/** Time in which waits between attempts are over at once, and no request ever times out (the least is given 15 s). */
const clock: Clock = {
  now: () => 0,
  sleep: (milliseconds, options) => {
    options?.signal?.throwIfAborted();
    return milliseconds < 15_000 ? Promise.resolve() : new Promise(() => undefined);
  },
};

let registry: ScriptedRegistry | undefined;
let stowage: Stowage | undefined;
afterEach(async () => {
  await stowage?.close();
  await registry?.stop();
});

async function open(
  scenario: readonly ScenarioStep[],
  storage: Storage = createMemoryStorage(),
): Promise<Stowage> {
  registry = await startScriptedRegistry({ [NAME]: image }, scenario);
  stowage = await openStowage({ storage, clock });
  return stowage;
}

const reference = (): string => `${registry?.host ?? ''}/${NAME}`;

async function blobsOf({ content }: Stowage): Promise<string[]> {
  const digests: string[] = [];
  for await (const { digest } of content.walk()) digests.push(digest);
  return digests.sort();
}

/** What must hold of a pulled image, whatever happened before. */
async function expectSound(pulled: Stowage): Promise<void> {
  const view = await pulled.view(reference());
  expect([...view.walk()].map(({ path }) => path)).toEqual(['base', 'base/noise', 'base/top']);
  const { layers, id } = await pulled.inspect(reference());
  expect(id).toBe(image.config.descriptor.digest);
  expect(layers.map(({ diffId }) => diffId)).toEqual([base.diffId, top.diffId]);
  await view.close();
}

describe('a pull that goes wrong gives a typed error, leaves nothing half, and can be done again', () => {
  const denied = JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] });
  const unknown = JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] });
  const cases: readonly [string, RegExp, Fault, ErrorCode, RegExp][] = [
    [
      '404 for the tag',
      MANIFEST_BY_TAG,
      { status: 404, body: unknown },
      'NOT_FOUND',
      /manifest for .* not found/,
    ],
    [
      '401 with bad credentials',
      /./,
      { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' }, body: denied },
      'UNAUTHENTICATED',
      /authentication required|no basic auth credentials|unauthorized/,
    ],
    ['503 for good', MANIFEST, { status: 503 }, 'UNAVAILABLE', /503/],
    [
      'a manifest with a wrong digest',
      MANIFEST,
      { flipByte: 40 },
      'DIGEST_MISMATCH',
      /manifest verification failed/,
    ],
    [
      'a config with a wrong digest',
      blob(image.config.descriptor.digest),
      { flipByte: 3 },
      'DIGEST_MISMATCH',
      /config/,
    ],
    ['a config that ends early', blob(image.config.descriptor.digest), { endAfter: 9 }, 'SIZE_MISMATCH', /./],
    [
      'a layer with a wrong digest',
      blob(base.descriptor.digest),
      { flipByte: 999 },
      'DIGEST_MISMATCH',
      /layer verification failed/,
    ],
    [
      'a layer of another size',
      blob(base.descriptor.digest),
      { endAfter: 5_000 },
      'SIZE_MISMATCH',
      /5000 bytes/,
    ],
    ['a layer that is not there', blob(top.descriptor.digest), { status: 404 }, 'NOT_FOUND', /./],
    ['a socket cut in every layer', blob(base.descriptor.digest), { cutAfter: 10 }, 'UNAVAILABLE', /./],
    ['a socket cut before every answer', MANIFEST, { drop: true }, 'UNAVAILABLE', /./],
  ];

  it.each(cases)('%s', async (_what, at, fault, code, message) => {
    const opened = await open([{ at, fault, times: ALWAYS }]);
    const error: unknown = await opened.pull(reference()).catch((caught: unknown) => caught);
    expect(isStowageError(error), String(error)).toBe(true);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
    if (isRegistryError(error)) expect(error.url).toContain(registry?.host);
    expect(await opened.images()).toEqual([]);
    for (const digest of await blobsOf(opened)) {
      // What did arrive whole may stay for the next pull; it is what it says.
      expect([
        image.descriptor.digest,
        image.config.descriptor.digest,
        base.descriptor.digest,
        top.descriptor.digest,
      ]).toContain(digest);
    }
    const { storage } = opened;
    await opened.close();
    await registry?.stop();

    const again = await open([], storage);
    expect(await again.pull(reference())).toMatchObject({
      status: 'downloaded',
      digest: image.descriptor.digest,
    });
    await expectSound(again);
  });
});

describe('a pull that is disturbed and goes on', () => {
  it.each<[string, RegExp, Fault]>([
    ['a layer cut in the middle is resumed', blob(base.descriptor.digest), { cutAfter: 5_000 }],
    ['one 503 is tried again', MANIFEST, { status: 503 }],
    ['one 429 is tried again', MANIFEST_BY_TAG, { status: 429, headers: { 'retry-after': '1' } }],
    ['one cut socket is tried again', MANIFEST, { drop: true }],
  ])('%s', async (_what, at, fault) => {
    const opened = await open([{ at, fault }]);
    await opened.pull(reference());
    await expectSound(opened);
    if ('cutAfter' in fault) {
      const ranges = registry?.requests.filter((line) => line.includes(base.descriptor.digest));
      expect(ranges).toEqual([
        `GET /v2/team/app/blobs/${base.descriptor.digest}`,
        `GET /v2/team/app/blobs/${base.descriptor.digest} bytes=5000-`,
      ]);
    }
  });
});

describe('abort', () => {
  it('rejects with the reason of the signal, keeps what came, and the next pull goes on from there', async () => {
    const opened = await open([{ at: blob(base.descriptor.digest), fault: { stallAfter: 20_000 } }]);
    const abort = new AbortController();
    const reason = new Error('enough');
    const pulling = opened.pull(reference(), {
      signal: abort.signal,
      onProgress: ({ action, current = 0 }) => {
        if (action === 'Downloading' && current >= 20_000) abort.abort(reason);
      },
    });
    await expect(pulling).rejects.toBe(reason);
    expect(await opened.images()).toEqual([]);
    await opened.pull(reference());
    await expectSound(opened);
    expect(registry?.requests).toContain(`GET /v2/team/app/blobs/${base.descriptor.digest} bytes=20000-`);
  });

  it('before the start sends nothing', async () => {
    const opened = await open([]);
    const before = registry?.requests.length;
    const reason = new Error('never mind');
    await expect(opened.pull(reference(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(registry?.requests).toHaveLength(before ?? 0);
  });
});

describe('pulls at the same time', () => {
  it('fetch each blob once', async () => {
    const opened = await open([]);
    const results = await Promise.all([
      opened.pull(reference()),
      opened.pull(reference()),
      opened.pull(reference()),
    ]);
    expect(new Set(results.map(({ imageId }) => imageId))).toEqual(new Set([image.config.descriptor.digest]));
    const blobs = registry?.requests.filter((line) => line.includes('/blobs/'));
    expect([...(blobs ?? [])].sort()).toEqual(
      [image.config, ...image.layers]
        .map(({ descriptor }) => `GET /v2/team/app/blobs/${descriptor.digest}`)
        .sort(),
    );
    await expectSound(opened);
  });

  it('go on when all but one are aborted', async () => {
    const opened = await open([{ at: blob(base.descriptor.digest), fault: { cutAfter: 1_000 } }]);
    const aborts = Array.from({ length: 9 }, () => new AbortController());
    const started = registry?.seen(blob(base.descriptor.digest));
    const leaving = aborts.map(({ signal }) =>
      opened.pull(reference(), { signal }).catch((error: unknown) => error),
    );
    const staying = opened.pull(reference());
    await started;
    for (const abort of aborts) abort.abort(new Error('left'));
    expect(await staying).toMatchObject({ digest: image.descriptor.digest });
    for (const error of await Promise.all(leaving)) expect(String(error)).toMatch(/left|docker|object/);
    await expectSound(opened);
  });
});

describe('many pulls of many layers', () => {
  it('pile up no listeners on one signal', async () => {
    const layers = Array.from({ length: 30 }, (_, index) => [{ name: `f${String(index)}`, content: 'x' }]);
    registry = await startScriptedRegistry({ [NAME]: buildImage(layers) });
    stowage = await openStowage({ clock });
    const warnings: string[] = [];
    const listen = ({ name }: Error): unknown => warnings.push(name);
    process.on('warning', listen);
    try {
      const { signal } = new AbortController();
      await Promise.all(
        Array.from({ length: 24 }, async (_, index) =>
          stowage?.pull(reference(), index % 2 === 0 ? { signal } : {}),
        ),
      );
      // Warnings are told a turn later.
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('warning', listen);
    }
    expect(warnings).toEqual([]);
  });
});

describe('a second pull', () => {
  it('moves no bytes: one HEAD', async () => {
    const opened = await open([]);
    await opened.pull(reference());
    const before = registry?.requests.length ?? 0;
    expect(await opened.pull(reference())).toMatchObject({
      status: 'up-to-date',
      imageId: image.config.descriptor.digest,
    });
    expect(registry?.requests.slice(before)).toEqual(['HEAD /v2/team/app/manifests/v1']);
  });
});
