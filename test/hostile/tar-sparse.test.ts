import { createTarWriter, readTar, streamOf } from '@stowage/core';
import { openImageView, openLayerStore } from '@stowage/layer-store';
import type { LayerLimits } from '@stowage/layer-store';
import { createMemoryStorage } from '@stowage/storage';
import { describe, expect, it } from 'vitest';

// Row 41 (GO-2025-4014): sparse files, whose headers cost little and promise much.

const HUGE = Number.MAX_SAFE_INTEGER - 511;

function octal(value: number): string {
  return `${value.toString(8).padStart(11, '0')}\0`;
}

/** GNU's base 256. */
function binary(value: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes[0] = 0x80;
  bytes.writeBigUInt64BE(BigInt(value), 4);
  return bytes;
}

/** An old GNU header: `segments` is what it says of them, `stored` what follows. */
function sparse(size: number, segments: Buffer, stored: number, isExtended = false): Buffer {
  const block = Buffer.concat(createTarWriter().entry({ name: 'sparse' }));
  block.write(octal(stored), 124, 'latin1');
  block.write('S', 156, 'latin1');
  block.write('ustar  \0', 257, 'latin1');
  block.set(segments, 386);
  block[482] = isExtended ? 1 : 0;
  block.set(binary(size), 483);
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function segment(offset: number, size: number): Buffer {
  return Buffer.concat([binary(offset), binary(size)]);
}

/** A file with four letters at its end, and a hole of eight pebibytes before them. */
const BOMB = Buffer.concat([
  sparse(HUGE, segment(HUGE - 4, 4), 4),
  Buffer.from('tail'.padEnd(512, '\0')),
  ...createTarWriter().entry({ name: 'after' }, Buffer.from('a')),
  createTarWriter().end(),
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
  function endless(blocks: number): Buffer {
    const all = Array.from({ length: 4 + blocks * 21 }, (_, at) => segment(at * 1024, 512));
    const maps = Array.from({ length: blocks }, (_, at) => {
      const map = Buffer.alloc(512);
      map.set(Buffer.concat(all.slice(4 + at * 21, 25 + at * 21)));
      map[504] = 1;
      return map;
    });
    return Buffer.concat([sparse(HUGE, Buffer.concat(all.slice(0, 4)), 0, true), ...maps]);
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
