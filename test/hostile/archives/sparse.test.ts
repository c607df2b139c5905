import { readTar, streamOf } from '@stowage/core';
import { openImageView, openLayerStore } from '@stowage/layer-store';
import type { LayerLimits } from '@stowage/layer-store';
import { createMemoryStorage } from '@stowage/storage';
import type { Bytes } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { block, GNU, padded } from '../../../packages/core/src/test-support/raw-tar.ts';
import { join } from '../../../packages/layer-store/src/test-support/layers.ts';
import { layer } from './hostile-image.ts';

// Row 41 (GO-2025-4014): sparse files, whose headers cost little and promise much.

const HUGE = Number.MAX_SAFE_INTEGER - 511;

/** GNU's base 256. */
function binary(value: number): Bytes {
  const bytes = new Uint8Array(12);
  bytes[0] = 0x80;
  new DataView(bytes.buffer).setBigUint64(4, BigInt(value));
  return bytes;
}

/** An old GNU header: `segments` is what it says of them, `stored` what follows. */
function sparse(size: number, segments: Bytes, stored: number, isExtended = false): Bytes {
  const more = { 386: segments, 482: isExtended ? '\x01' : '\0', 483: binary(size) };
  return block({ name: 'sparse', flag: 'S', magic: GNU, size: stored, more });
}

function segment(offset: number, size: number): Bytes {
  return join([binary(offset), binary(size)]);
}

/** A file with four letters at its end, and a hole of eight pebibytes before them. */
const BOMB: Bytes = join([
  sparse(HUGE, segment(HUGE - 4, 4), 4),
  padded('tail'),
  layer({ name: 'after', text: 'a' }),
]);

describe('row 41 (GO-2025-4014): a hole of eight pebibytes', () => {
  it('costs nothing to scan, to pass over, to list, or to read a part of', async () => {
    const names: string[] = [];
    for await (const { header } of streamOf(BOMB).pipeThrough(readTar())) names.push(header.name);
    expect(names).toEqual(['sparse', 'after']);

    const store = await openLayerStore({ storage: createMemoryStorage() });
    const layer = await store.register(streamOf(BOMB));
    expect(layer.diffSize).toBe(BOMB.length);
    const view = await openImageView([layer]);
    expect(view.stat('sparse').size).toBe(HUGE);
    const end = await new Response(await view.readFile('sparse', { offset: HUGE - 6 })).text();
    expect(end).toBe('\0\0tail');
  });

  it('is made of small pieces, as many as are asked for', async () => {
    const entries = streamOf(BOMB).pipeThrough(readTar()).getReader();
    const { value } = await entries.read();
    const body = value?.body.getReader();
    for (let n = 0; n < 100; n++) expect((await body?.read())?.value?.length).toBe(65_536);
    await body?.cancel();
    expect((await entries.read()).value?.header.name).toBe('after');
    await entries.cancel();
  });
});

describe('row 41 (GO-2025-4014): a map without end', () => {
  const limits: LayerLimits = { tar: { maxSparseSegments: 1000 } };

  /** Segments of one block each, a block apart: first four in the header, then 21 in each block. */
  function endless(blocks: number): Bytes {
    const all = Array.from({ length: 4 + blocks * 21 }, (_, at) => segment(at * 1024, 512));
    const maps = Array.from({ length: blocks }, (_, at) => {
      const map = new Uint8Array(512);
      map.set(join(all.slice(4 + at * 21, 25 + at * 21)));
      map[504] = 1;
      return map;
    });
    return join([sparse(HUGE, join(all.slice(0, 4)), 0, true), ...maps]);
  }

  it('is refused once it has too many segments, in a layer too', async () => {
    const store = await openLayerStore({ storage: createMemoryStorage(), limits });
    await expect(store.register(streamOf(endless(50)))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    const unlimited = await openLayerStore({ storage: createMemoryStorage() });
    await expect(unlimited.register(streamOf(endless(4000)))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    await expect(unlimited.register(streamOf(endless(50)))).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
    });
  });
});
