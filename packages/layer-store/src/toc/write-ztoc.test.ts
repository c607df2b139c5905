import { collect } from '@stowage/core';
import type { Bytes, LayerEntry } from '@stowage/types';
import { beforeAll, describe, expect, it } from 'vitest';
import { countingContent } from '../test-support/counting-content.ts';
import { codeOf, join, textOf } from '../test-support/layers.ts';
import { sampleFiles, writeGzip } from '../test-support/toc-layers.ts';
import type { GzipLayer } from '../test-support/toc-layers.ts';
import { openTocLayer } from './open-toc-layer.ts';
import { writeZtoc } from './write-ztoc.ts';

const encoder = new TextEncoder();
let layer: GzipLayer;

beforeAll(async () => {
  // Little that repeats, so that there are several blocks.
  let state = 1;
  const content = Uint8Array.from({ length: 200_000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return 97 + ((state >>> 16) % 26);
  });
  layer = await writeGzip([
    ...sampleFiles(),
    { name: 'noise', content },
    { name: 'last', content: Uint8Array.of(122) },
  ]);
});

async function write(change: Partial<GzipLayer> = {}): Promise<Bytes> {
  const changed = { ...layer, ...change };
  return writeZtoc({ ...changed, content: countingContent(changed.blob) });
}

async function entriesOf(ztoc: Bytes): Promise<LayerEntry[]> {
  const opened = await openTocLayer({ ...layer, content: countingContent(layer.blob), ztoc });
  const entries: LayerEntry[] = [];
  for await (const entry of opened.entries()) entries.push(entry);
  return entries;
}

describe('writing a ztoc', () => {
  it('reads the layer once, and writes what is read again', async () => {
    expect(layer.checkpoints.length).toBeGreaterThan(1);
    const content = countingContent(layer.blob);
    const ztoc = await writeZtoc({ ...layer, content });
    // Once for the header, and once for all of it.
    expect(content.requests).toBe(2);
    expect(await entriesOf(ztoc)).toEqual(layer.entries);
    const opened = await openTocLayer({ ...layer, content, ztoc });
    const before = content.bytes;
    expect(await textOf(opened.readFile('last'))).toBe('z');
    expect(content.bytes - before).toBeLessThan(layer.blob.length / 2);
    const noise = layer.entries.find(({ path }) => path === 'noise');
    const part = await collect(await opened.readRange((noise?.offset ?? 0) + 60_000, 100_000), {
      maxBytes: 1e6,
    });
    const whole = await collect(await opened.readFile('noise'), { maxBytes: 1e6 });
    expect([part.length, part.findIndex((byte, at) => byte !== whole[60_000 + at])]).toEqual([100_000, -1]);
  });

  it('keeps owners, times, attributes and names that are not UTF-8', async () => {
    const entry: LayerEntry = {
      ...{ path: 'caf\udce9', type: 'file', size: 0, mode: 0o4755, uid: 2 ** 32 - 1, gid: 7, offset: 512 },
      ...{ mtime: 1_700_000_000.25, xattrs: { 'user.b': '\udcff\0', 'user.a': 'x' } },
    };
    const root: LayerEntry = {
      path: '',
      type: 'dir',
      size: 0,
      mode: 0o755,
      uid: 0,
      gid: 0,
      mtime: -1.5,
      offset: 0,
    };
    const [first, second] = await entriesOf(await write({ entries: [root, entry] }));
    expect([first, second]).toEqual([root, entry]);
  });

  it('finds where the header of gzip ends', async () => {
    const body = layer.blob.subarray(10);
    const header = (flags: number): Bytes => Uint8Array.of(0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3);
    for (const [flags, fields] of [
      [4, [3, 0, 1, 2, 3]],
      [8, [...encoder.encode('layer.tar'), 0]],
      [16, [...encoder.encode('a comment'), 0]],
      [2, [1, 2]],
      [30, [1, 0, 9, 65, 0, 66, 0, 1, 2]],
    ] as const) {
      const blob = join([header(flags), Uint8Array.from(fields), body]);
      const shift = fields.length;
      const checkpoints = layer.checkpoints.map((checkpoint) => ({
        ...checkpoint,
        in: checkpoint.in + shift,
      }));
      const descriptor = { ...layer.descriptor, size: blob.length };
      const ztoc = await write({ blob, descriptor, checkpoints });
      const opened = await openTocLayer({ ...layer, descriptor, content: countingContent(blob), ztoc });
      expect(await textOf(opened.readFile('etc/motd'))).toBe('hello');
      expect(await textOf(opened.readFile('last'))).toBe('z');
    }
  });

  it('refuses what it cannot be of', async () => {
    const { blob, descriptor, checkpoints, entries } = layer;
    const [entry] = entries;
    const plain = new Uint8Array(1024);
    const unnamed = Uint8Array.of(0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, 65, 65);
    const cases: readonly (readonly [Partial<GzipLayer>, string])[] = [
      [{ blob: plain, descriptor: { ...descriptor, size: plain.length } }, 'INVALID_ARCHIVE'],
      [{ blob: unnamed, descriptor: { ...descriptor, size: unnamed.length } }, 'INVALID_ARCHIVE'],
      [{ blob: blob.subarray(0, 100) }, 'DATA_LOSS'],
      [{ checkpoints: checkpoints.toReversed() }, 'INVALID_ARGUMENT'],
      [{ descriptor: { ...descriptor, size: 100 } }, 'INVALID_ARGUMENT'],
      [{ entries: [{ ...entry, uid: 2 ** 32 } as LayerEntry] }, 'UNSUPPORTED'],
      [{ entries: [{ ...entry, sparse: {} } as LayerEntry] }, 'UNSUPPORTED'],
    ];
    for (const [change, code] of cases) expect([change, await codeOf(write(change))]).toEqual([change, code]);
    const reason = new Error('enough');
    const content = countingContent(blob);
    await expect(writeZtoc({ ...layer, content }, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
  });

  it('is read without its first checkpoint, as the first version wrote it', async () => {
    const ztoc = await write();
    // The list of checkpoints begins with their number; the first one is for the byte after a header of ten.
    const view = new DataView(ztoc.buffer);
    const count = layer.checkpoints.length + 1;
    const at = [...ztoc.keys()].findIndex(
      (place) =>
        place % 4 === 0 &&
        place + 16 < ztoc.length &&
        view.getUint32(place, true) === 12 + count * (17 + 32_768),
    );
    const first = at + 4 + 12;
    const end = at + 4 + view.getUint32(at, true);
    ztoc.copyWithin(first, first + 17 + 32_768, end);
    view.setUint32(at, view.getUint32(at, true) - 17 - 32_768, true);
    const opened = await openTocLayer({ ...layer, content: countingContent(layer.blob), ztoc });
    expect(await textOf(opened.readFile('etc/motd'))).toBe('hello');
  });
});
