import type { Clock } from '@stowage/types';
import { openStowage } from 'stowage';
import type { CopyResult } from 'stowage';
import { afterEach, describe, expect, it } from 'vitest';
import { buildImage } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import type { ScenarioStep } from './script.ts';
import { startScriptedRegistry } from './scripted-registry.ts';
import type { ScriptedRegistry } from './scripted-registry.ts';

const image = buildImage([[{ name: 'noise', content: noise(300_000) }], [{ name: 'top', content: 'top\n' }]]);
const [base, top] = image.layers as [(typeof image.layers)[0], (typeof image.layers)[0]];
const BASE = base.descriptor.digest;

/** Time in which waits between attempts are over at once, and no request ever times out (the least is given 15 s). */
const clock: Clock = {
  now: () => 0,
  sleep: (milliseconds, options) => {
    options?.signal?.throwIfAborted();
    return milliseconds < 15_000 ? Promise.resolve() : new Promise(() => undefined);
  },
};

const running: ScriptedRegistry[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((registry) => registry.stop()));
});

/** A copy from one scripted registry to another. */
async function copyWith(
  source: readonly ScenarioStep[],
  target: readonly ScenarioStep[],
  signal?: AbortSignal,
) {
  const from = await startScriptedRegistry({ 'team/app:v1': image }, source);
  const to = await startScriptedRegistry({}, target);
  running.push(from, to);
  await using stowage = await openStowage({ clock, random: () => 0 });
  const copying = stowage.copy(`${from.host}/team/app:v1`, `${to.host}/team/copy:v1`, { signal });
  const outcome: unknown = await copying.catch((error: unknown) => error);
  const tagged = (await fetch(`http://${to.host}/v2/team/copy/manifests/v1`)).ok;
  return { outcome, tagged, from, to };
}

/** What must hold of a copy that got through whatever went wrong. */
function expectWhole({ outcome, tagged }: { outcome: unknown; tagged: boolean }): void {
  expect((outcome as CopyResult).digest).toBe(image.descriptor.digest);
  expect(tagged).toBe(true);
}

const blobOf = (method: string, digest: string): RegExp => new RegExp(`^${method} .*/blobs/${digest}`);

describe('a copy gets through', () => {
  it('when the source is cut in mid-blob: it is asked for the rest', async () => {
    const copy = await copyWith([{ at: blobOf('GET', BASE), fault: { cutAfter: 100_000 } }], []);
    expectWhole(copy);
    const asked = copy.from.requests.filter((request) => request.startsWith('GET') && request.includes(BASE));
    expect(asked).toEqual([expect.any(String), expect.stringMatching(/bytes=\d+-/)]);
  });

  it('when the target is cut in mid-upload: the source is opened again', async () => {
    const copy = await copyWith(
      [],
      [{ at: /^PUT .*uploads/, fault: { takes: 50_000, drop: true }, times: 2 }],
    );
    expectWhole(copy);
  });

  it('when the closing answer is lost', async () => {
    expectWhole(await copyWith([], [{ at: /^PUT .*uploads/, fault: { heard: true, drop: true }, times: 2 }]));
  });

  it('when both answer 503 and 429 for a while', async () => {
    const busy = (at: RegExp, status: number): ScenarioStep => ({ at, fault: { status }, times: 2 });
    const copy = await copyWith(
      [busy(/^GET .*manifests/, 503), busy(blobOf('GET', top.descriptor.digest), 503)],
      [busy(/^POST .*uploads/, 503), busy(/^PUT .*manifests/, 429)],
    );
    expectWhole(copy);
  });
});

describe('a copy that fails names nothing', () => {
  it('when the source has not a blob', async () => {
    const fault = { status: 404, json: { errors: [{ code: 'BLOB_UNKNOWN' }] } };
    const copy = await copyWith([{ at: blobOf('GET', BASE), fault, times: 'always' }], []);
    expect([copy.outcome, copy.tagged]).toMatchObject([{ code: 'NOT_FOUND' }, false]);
  });

  it('when the source sends another blob', async () => {
    const copy = await copyWith(
      [{ at: blobOf('GET', BASE), fault: { flipByte: 1000 }, times: 'always' }],
      [],
    );
    expect([copy.outcome, copy.tagged]).toMatchObject([{ code: 'DIGEST_MISMATCH' }, false]);
  });

  it('when the source sends another manifest', async () => {
    const fault = { headers: { 'docker-content-digest': BASE } };
    const copy = await copyWith([{ at: /^GET .*manifests/, fault, times: 'always' }], []);
    expect([copy.outcome, copy.tagged]).toMatchObject([{ code: 'DIGEST_MISMATCH' }, false]);
  });

  it('when the target refuses uploads, or the manifest', async () => {
    const denied = { status: 403, json: { errors: [{ code: 'DENIED', message: 'not yours' }] } };
    for (const at of [/^POST .*uploads/, /^PUT .*manifests/]) {
      const copy = await copyWith([], [{ at, fault: denied, times: 'always' }]);
      expect([copy.outcome, copy.tagged]).toMatchObject([{ code: 'DENIED' }, false]);
    }
  });

  it('when it is aborted in the middle of a blob', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const from = await startScriptedRegistry({ 'team/app:v1': image }, [
      { at: blobOf('GET', BASE), fault: { stallAfter: 100_000 } },
    ]);
    const to = await startScriptedRegistry({});
    running.push(from, to);
    await using stowage = await openStowage({ clock });
    const { signal } = controller;
    const copying = stowage.copy(`${from.host}/team/app:v1`, `${to.host}/team/copy:v1`, { signal });
    const outcome = copying.catch((error: unknown) => error);
    await from.seen(blobOf('GET', BASE));
    controller.abort(reason);
    expect(await outcome).toBe(reason);
    expect((await fetch(`http://${to.host}/v2/team/copy/manifests/v1`)).status).toBe(404);
  });
});
