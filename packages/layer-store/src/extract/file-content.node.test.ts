import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { TarLayerEntry } from '../content/layer-entry.ts';
import { FileContent } from './file-content.ts';

const folder = fs.mkdtempSync(join(tmpdir(), 'stowage-content-'));
let count = 0;

afterAll(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

function entryOf(size: number, segments?: readonly { offset: number; size: number }[]): TarLayerEntry {
  const entry = { path: 'f', type: 'file', size, mode: 0o644, uid: 0, gid: 0, mtime: 0, offset: 0 } as const;
  if (segments === undefined) return entry;
  return {
    ...entry,
    sparse: { segments, storedSize: segments.reduce((sum, segment) => sum + segment.size, 0) },
  };
}

/** Writes content that comes in pieces, flushed after each or at the end. */
async function written(
  entry: TarLayerEntry,
  pieces: readonly Uint8Array[],
  flushEach: boolean,
): Promise<Uint8Array> {
  const path = join(folder, String((count += 1)));
  const fd = fs.openSync(path, 'wx');
  const content = new FileContent(entry);
  try {
    for (const piece of pieces) {
      expect(content.complete).toBe(false);
      content.push(piece);
      if (flushEach) await content.flush(fd);
    }
    expect(content.complete).toBe(true);
    await content.flush(fd);
    await content.finish(fd);
  } finally {
    fs.closeSync(fd);
  }
  return new Uint8Array(fs.readFileSync(path));
}

describe('the content of a file', () => {
  it('is where the segments of a sparse file say, in whatever pieces it comes', async () => {
    const runs = fc.array(fc.record({ hole: fc.nat(9), size: fc.nat(9) }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        runs,
        fc.nat(9),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        async (list, tail, cut, flush) => {
          const segments: { offset: number; size: number }[] = [];
          let size = 0;
          for (const run of list) {
            segments.push({ offset: size + run.hole, size: run.size });
            size += run.hole + run.size;
          }
          size += tail;
          const expected = new Uint8Array(size);
          const stored: number[] = [];
          for (const segment of segments) {
            for (let at = 0; at < segment.size; at++) {
              stored.push(stored.length + 1);
              expected[segment.offset + at] = stored.length;
            }
          }
          const pieces: Uint8Array[] = [];
          for (let at = 0; at < stored.length; at += cut)
            pieces.push(Uint8Array.from(stored.slice(at, at + cut)));
          expect(await written(entryOf(size, segments), pieces, flush)).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of a plain file follows in one piece', async () => {
    const pieces = [Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4, 5, 6)];
    for (const flush of [true, false]) {
      expect(await written(entryOf(6), pieces, flush)).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
    }
    expect(await written(entryOf(0), [], false)).toEqual(new Uint8Array());
  });

  it('fails as the system does', async () => {
    const fd = fs.openSync(join(folder, 'read-only'), 'w+');
    fs.closeSync(fd);
    const reading = fs.openSync(join(folder, 'read-only'), 'r');
    const content = new FileContent(entryOf(1));
    content.push(Uint8Array.of(1));
    await expect(content.flush(reading)).rejects.toMatchObject({ code: 'EBADF' });
    fs.closeSync(reading);
  });
});
