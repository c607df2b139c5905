import type { Digest } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { openStowage } from './open-stowage.ts';
import type { Stowage } from './stowage.ts';
import { createTestRegistry } from './test-support/test-registry.ts';

const NAME = 'localhost/app:v1';
const SOUND = { blob: 3, layer: 1, image: 1, reference: 2, index: 0 };

let stowage: Stowage;
let layer: Digest;

beforeEach(async () => {
  const registry = createTestRegistry();
  await registry.push('app:v1', [{ a: '1' }]);
  stowage = await openStowage({ fetch: registry.fetch });
  await stowage.pull(NAME, { platform: 'linux/amd64' });
  layer = (await stowage.inspect(NAME)).layers[0]?.digest as Digest;
});

describe('check', () => {
  it('counts what is sound', async () => {
    const seen: string[] = [];
    const report = await stowage.check({ onChecked: ({ kind }) => seen.push(kind) });
    expect(report).toEqual({ checked: SOUND, problems: [] });
    expect(seen).toEqual(['blob', 'blob', 'blob', 'layer', 'image', 'reference', 'reference']);
  });

  it('reports all that is wrong at once and changes nothing', async () => {
    await stowage.content.delete(layer);
    const { problems } = await stowage.check();
    expect(problems.map(({ kind, dropped }) => [kind, dropped])).toEqual([
      ['layer', false],
      ['image', false],
      ['reference', false],
      ['reference', false],
    ]);
    expect((await stowage.check()).problems).toEqual(problems);
  });

  it('takes out what misses something, after which a pull brings it again', async () => {
    await stowage.content.delete(layer);
    const { problems } = await stowage.check({ repair: true });
    expect(problems.map(({ dropped }) => dropped)).toEqual([true, true, true, true]);
    expect(await stowage.check()).toMatchObject({ problems: [], checked: { blob: 2, layer: 0, image: 0 } });
    expect(await stowage.images()).toEqual([]);
    await stowage.pull(NAME, { platform: 'linux/amd64' });
    expect(await stowage.check()).toEqual({ checked: SOUND, problems: [] });
  });

  it('ends with the reason of the signal, and when the store is closed', async () => {
    const reason = new Error('enough');
    await expect(stowage.check({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await stowage.close();
    await expect(stowage.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
