import { createMemoryStorage } from '@stowage/storage';
import { isStowageError } from '@stowage/types';
import type { Clock, Storage } from '@stowage/types';
import { openStowage } from 'stowage';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import type { Fault, ScenarioStep } from './script.ts';
import { startScriptedRegistry } from './scripted-registry.ts';
import type { ScriptedRegistry } from './scripted-registry.ts';

// Whole pushes to a registry that does one thing wrong: the image arrives whole, or the error is right and no tag is set.

const image = buildImage([
  [{ name: 'base/noise', content: noise(300_000) }],
  [{ name: 'base/top', content: 'top\n' }],
]);
const NAME = 'team/app:v1';
const COPY = 'team/copy:v1';

/** Time in which waits are over at once, and no request ever times out. */
const clock: Clock = {
  now: () => 0,
  sleep: (milliseconds, options) => {
    options?.signal?.throwIfAborted();
    return milliseconds < 15_000 ? Promise.resolve() : new Promise(() => undefined);
  },
};

/** A store that has the image, pulled once for all tests. */
let storage: Storage;
let registry: ScriptedRegistry | undefined;

beforeAll(async () => {
  storage = createMemoryStorage();
  const source = await startScriptedRegistry({ [NAME]: image });
  const stowage = await openStowage({ storage, clock });
  await stowage.pull(`${source.host}/${NAME}`, { platform: 'linux/amd64' });
  await stowage.tag(`${source.host}/${NAME}`, 'kept:v1');
  await stowage.close();
  await source.stop();
});

afterEach(() => registry?.stop());

/** Pushes to a registry that follows a scenario; answers what came of it, and what the tag names there. */
async function push(steps: readonly ScenarioStep[], options = {}) {
  registry = await startScriptedRegistry({}, steps);
  const name = `${registry.host}/${COPY}`;
  const stowage = await openStowage({ storage, clock, random: () => 0, ...options });
  await stowage.tag('kept:v1', name);
  const outcome: unknown = await stowage.push(name).catch((error: unknown) => error);
  await stowage.close();
  const requests = [...registry.requests];
  const reader = await openStowage({ clock, ...options });
  const pulled: unknown = await reader
    .pull(name, { platform: 'linux/amd64' })
    .catch((error: unknown) => error);
  await reader.close();
  return { outcome, pulled, requests };
}

const WHOLE = { digest: image.descriptor.digest, imageId: image.config.descriptor.digest };

/** Every step of a push, as requests. */
const STEPS: readonly (readonly [string, string])[] = [
  ['asking for the configuration', 'HEAD /v2/team/copy/blobs/*'],
  ['beginning an upload', 'POST /v2/team/copy/blobs/uploads/*'],
  ['closing an upload', 'PUT /v2/team/copy/blobs/uploads/*'],
  ['putting the manifest', 'PUT /v2/team/copy/manifests/v1'],
];

const MENDED: readonly (readonly [string, Fault])[] = [
  ['cut before an answer', { drop: true }],
  ['cut, and done all the same', { drop: true, heard: true }],
  ['503', { status: 503 }],
  ['500 once', { status: 500 }],
];

describe.each(STEPS)('%s', (_, at) => {
  it.each(MENDED)('%s', async (_name, fault) => {
    const { outcome, pulled } = await push([{ at, fault }]);
    if (isStowageError(outcome)) expect(pulled).toMatchObject({ code: 'NOT_FOUND' });
    else expect([outcome, pulled]).toMatchObject([WHOLE, WHOLE]);
    // A request that is made again once is enough for all of these.
    expect(outcome).toMatchObject(WHOLE);
  });

  it('refused for good', async () => {
    const fault = { status: 403, json: { errors: [{ code: 'DENIED', message: 'not for you' }] } };
    // What is refused to HEAD is refused to the GET that asks why.
    const refused = at.replace(/^HEAD (.*)blobs\/\*/, '* $1blobs/sha256:*');
    const { outcome, requests } = await push([{ at: refused, fault, times: 'always' }]);
    expect(outcome).toMatchObject({
      code: 'DENIED',
      message: expect.stringContaining('not for you') as string,
    });
    if (!at.includes('manifests'))
      expect(requests.filter((line) => line.includes('/manifests/'))).toEqual([]);
  });
});

describe('uploads', () => {
  const closing = 'PUT /v2/team/copy/blobs/uploads/*';

  it('too large as a whole go in parts', async () => {
    const { outcome, pulled } = await push([
      { at: closing, when: { 'content-length': '300' }, fault: { status: 413, early: true } },
    ]);
    expect([outcome, pulled]).toMatchObject([WHOLE, WHOLE]);
  });

  it('of which the registry has another part are looked at', async () => {
    const { outcome, pulled } = await push([{ at: closing, fault: { status: 416 } }]);
    expect([outcome, pulled]).toMatchObject([WHOLE, WHOLE]);
  });

  it('that broke in the middle are gone on with', async () => {
    const { outcome, pulled } = await push([{ at: closing, fault: { takes: 50_000, drop: true } }]);
    expect([outcome, pulled]).toMatchObject([WHOLE, WHOLE]);
  });

  it('that the registry says it took and has not are found out, and never tagged', async () => {
    const [base] = image.layers;
    const ghost = { at: closing, fault: { status: 201 }, times: 'always' } as const;
    const { outcome, pulled } = await push([ghost]);
    expect(outcome).toMatchObject({ code: 'NOT_FOUND' });
    expect((outcome as Error).message).toContain(base?.descriptor.digest);
    expect(pulled).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a repository that nobody may take from', () => {
  it.each([401, 403, 404])('is not mounted from (%d): the layers are sent', async (status) => {
    const code = status === 401 ? 'UNAUTHORIZED' : 'DENIED';
    const fault = { status, json: { errors: [{ code, message: 'not from there' }] } };
    registry = await startScriptedRegistry({ [NAME]: image }, [
      { at: /from=team%2Fapp/, fault, times: 'always' },
    ]);
    const stowage = await openStowage({ clock, random: () => 0 });
    await stowage.pull(`${registry.host}/${NAME}`, { platform: 'linux/amd64' });
    await stowage.tag(`${registry.host}/${NAME}`, `${registry.host}/${COPY}`);
    const words: string[] = [];
    const pushing = stowage.push(`${registry.host}/${COPY}`, {
      onProgress: ({ action = '' }) => words.push(action),
    });
    expect(await pushing).toMatchObject(WHOLE);
    expect(words.filter((word) => word === 'Pushed')).toHaveLength(2);
    await stowage.close();
  });
});

describe('answers that are told clearly', () => {
  it.each([
    [
      'ECR, an immutable tag',
      'PUT /v2/team/copy/manifests/v1',
      400,
      {
        code: 'TAG_INVALID',
        message: `The image tag 'v1' already exists in the 'team/copy' repository and cannot be overwritten because the repository is immutable.`,
      },
      'CONFLICT',
    ],
    [
      'Harbor, an immutable tag',
      'PUT /v2/team/copy/manifests/v1',
      412,
      {
        code: 'PRECONDITION',
        message: `Failed to process request due to 'copy:v1' configured as immutable.`,
      },
      'CONFLICT',
    ],
    [
      'Harbor, a quota',
      'PUT /v2/team/copy/manifests/v1',
      403,
      {
        code: 'DENIED',
        message:
          'adding 1.2 MiB of storage resource, which when updated to current usage of 9.9 MiB will exceed the configured upper limit of 10.0 MiB.',
      },
      'LIMIT_EXCEEDED',
    ],
  ])('%s', async (_, at, status, error, code) => {
    const { outcome, pulled } = await push([
      { at, fault: { status, json: { errors: [error] } }, times: 'always' },
    ]);
    expect(outcome).toMatchObject({
      code,
      status,
      message: expect.stringContaining(error.message) as string,
    });
    expect(pulled).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('tokens', () => {
  it('that run out in the middle are taken anew', async () => {
    const bearer = { 'www-authenticate': 'Bearer realm="{elsewhere}/token",service="r"' };
    const asks = { status: 401, headers: bearer };
    const { outcome, pulled, requests } = await push([
      { at: '* /v2/*', when: { authorization: null }, fault: asks, times: 'always' },
      { at: 'GET /token*', host: 'elsewhere', fault: { json: { token: 'one' } } },
      {
        at: 'PUT /v2/team/copy/blobs/uploads/*',
        when: { authorization: 'Bearer one' },
        fault: asks,
        times: 'always',
      },
      { at: 'GET /token*', host: 'elsewhere', fault: { json: { token: 'two' } }, times: 'always' },
    ]);
    expect([outcome, pulled]).toMatchObject([WHOLE, WHOLE]);
    expect(requests.filter((line) => line.includes('/token')).length).toBeGreaterThan(1);
  });
});
