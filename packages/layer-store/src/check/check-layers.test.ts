import { chainId, digestBytes, streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { digestKey, encodeGoJson } from '@stowage/types';
import type { ChainID, CheckedItem, DiffID, LayerStore, Storage } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkLayers } from './check-layers.ts';
import { openLayerStore } from '../store/layer-store.ts';
import { gzip, tarOf, withContent } from '../test-support/layers.ts';

let storage: Storage;
let layers: LayerStore;

beforeEach(async () => {
  storage = createMemoryStorage();
  layers = await openLayerStore({ storage });
});

async function check(of: Storage = storage): Promise<CheckedItem[]> {
  const items: CheckedItem[] = [];
  for await (const item of checkLayers(of)) items.push(item);
  return items;
}

async function faults(of?: Storage): Promise<Readonly<Record<string, string | undefined>>> {
  return Object.fromEntries((await check(of)).map(({ subject, fault }) => [subject, fault]));
}

async function setRecord(id: ChainID, record: unknown): Promise<void> {
  await storage.metadata.set('layers', digestKey(id, '.json'), encodeGoJson(record));
}

async function recordOf(id: ChainID): Promise<Record<string, unknown>> {
  const bytes = await storage.metadata.get('layers', digestKey(id, '.json'));
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}

/** Three layers, one on top of the other, the middle one compressed. */
async function stack(): Promise<readonly [ChainID, ChainID, ChainID]> {
  const base = await layers.register(streamOf(tarOf({ a: '1' })));
  const middle = await layers.register(streamOf(await gzip(tarOf({ b: '2' }))), base.chainId);
  const top = await layers.register(streamOf(tarOf({ c: '3' })), middle.chainId);
  return [base.chainId, middle.chainId, top.chainId];
}

describe('checkLayers', () => {
  it('finds nothing wrong with what is sound, and lists parents first', async () => {
    const ids = await stack();
    expect(await check()).toEqual(ids.map((subject) => ({ kind: 'layer', subject })));
    expect(await check(createMemoryStorage())).toEqual([]);
  });

  it('tells of a blob that is gone, and of all on top of it', async () => {
    const [base, middle, top] = await stack();
    const { digest } = (await layers.get(middle)).descriptor;
    await storage.content.delete(digest);
    expect(await faults()).toEqual({
      [base]: undefined,
      [middle]: `its blob ${digest} is not in the store`,
      [top]: `the layer beneath it, ${middle}, is damaged`,
    });
  });

  it('tells of a blob of another size', async () => {
    const [base] = await stack();
    const record = await recordOf(base);
    await setRecord(base, { ...record, descriptor: { ...(record['descriptor'] as object), size: 5 } });
    expect((await faults())[base]).toMatch(/^its blob sha256:\w+ has \d+ bytes, and should have 5$/);
  });

  it('tells of damaged records', async () => {
    const [base, middle, top] = await stack();
    await setRecord(base, 'no record');
    expect((await faults())[base]).toBe('its record is damaged');
    expect((await faults())[middle]).toBe(`the layer beneath it, ${base}, is damaged`);
    await storage.metadata.delete('layers', digestKey(base, '.json'));
    expect((await faults())[middle]).toBe(`the layer beneath it, ${base}, is not in the store`);
    expect((await faults())[top]).toBe(`the layer beneath it, ${middle}, is damaged`);
  });

  it('tells of sizes that do not add up', async () => {
    const [base, middle] = await stack();
    await setRecord(middle, { ...(await recordOf(middle)), size: 7 });
    expect(await faults()).toMatchObject({
      [base]: undefined,
      [middle]: 'its record is damaged: the sizes do not add up',
    });
  });

  it('tells of content that is not what the record says', async () => {
    const [base, middle] = await stack();
    const record = await recordOf(base);
    const diffId = (await digestBytes(new Uint8Array(3))) as DiffID;
    const other = chainId([diffId]);
    await setRecord(other, { ...record, diffId });
    expect((await faults())[other]).toMatch(
      /^its content cannot be trusted: could not verify layer data for: /,
    );
    await setRecord(middle, { ...(await recordOf(middle)), diffSize: 2, size: 2 + Number(record['size']) });
    expect((await faults())[middle]).toMatch('its content cannot be trusted');
    await setRecord(base, { ...record, diffSize: 9999, size: 9999 });
    expect((await faults())[base]).toBe('its content has 2048 bytes, and should have 9999');
  });

  it('reads content once, however many layers have it, and tells of more layers than there may be', async () => {
    const tar = new Uint8Array(1024);
    const layer = await layers.register(streamOf(tar));
    const { descriptor, diffId } = layer;
    let parent = layer.chainId;
    for (let depth = 2; depth <= 127; depth += 1) {
      const id = chainId([parent, diffId]);
      await setRecord(id, { diffId, parent, size: tar.length * depth, diffSize: tar.length, descriptor });
      parent = id;
    }
    let opened = 0;
    const counting = withContent(storage, {
      open: (digest, options) => {
        opened += 1;
        return storage.content.open(digest, options);
      },
    });
    const items = await check(counting);
    expect([items.length, opened]).toEqual([127, 1]);
    expect(items.map(({ fault }) => fault).slice(-3)).toEqual([
      undefined,
      'there are more than 125 layers',
      `the layer beneath it, ${items[125]?.subject ?? ''}, is damaged`,
    ]);
  });

  it('drops a record and nothing else', async () => {
    const [base] = await stack();
    await setRecord(base, 'no record');
    const items = await check();
    for (const { fault, drop } of items) if (fault !== undefined) await drop?.();
    expect(await check()).toEqual([]);
    let blobs = 0;
    for await (const _ of storage.content.walk()) blobs += 1;
    expect(blobs).toBe(3);
  });

  it("ends with the reason of the signal, and with errors that are nobody's fault", async () => {
    await stack();
    const reason = new Error('enough');
    await expect(checkLayers(storage, { signal: AbortSignal.abort(reason) }).next()).rejects.toBe(reason);
    const broken = withContent(storage, { open: () => Promise.reject(new TypeError('a mistake')) });
    await expect(check(broken)).rejects.toThrow('a mistake');
  });
});
