import { crc32 } from '@stowage/core';
import { asDigest } from '@stowage/types';
import type { Bytes, DiffID, LayerEntry } from '@stowage/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gzip, join } from '../test-support/layers.ts';
import { ByteWriter } from './byte-writer.ts';
import { decodeSeekIndex } from './decode-seek-index.ts';
import { encodeSeekIndex } from './encode-seek-index.ts';
import { EntryReader } from './entry-reader.ts';
import type { FullEntry } from './entry-writer.ts';
import type { SeekIndex } from './seek-index.ts';

const DIFF_ID = asDigest(`sha256:${'a'.repeat(64)}`) as DiffID;
const BLOB = { digest: asDigest(`sha256:${'b'.repeat(64)}`), size: 2 ** 40 };
const NO_WINDOW = new Uint8Array(0);

function indexOf(entries: readonly LayerEntry[], rest: Partial<SeekIndex> = {}): SeekIndex {
  return {
    diffId: DIFF_ID,
    diffSize: 2 ** 45,
    blob: BLOB,
    format: 'gzip',
    checkpoints: [],
    ...rest,
    entries,
  };
}

const NAME = fc.constantFrom('a', 'bin', 'usr', 'é', 'caf\udce9', '日本', '__proto__', 'x'.repeat(100));
const TEXT = fc.string({ unit: 'binary', maxLength: 20 });
const TIME = fc.oneof(
  fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const ID = fc.constantFrom(0, 0, 1000, 2 ** 31);

/** Any entry; its offset is how many blocks there are before it. */
const ENTRY: fc.Arbitrary<FullEntry> = fc
  .record(
    {
      path: fc.array(NAME, { minLength: 1, maxLength: 4 }).map((names) => names.join('/')),
      type: fc.constantFrom('file', 'dir', 'symlink', 'hardlink', 'char', 'block', 'fifo'),
      size: fc.oneof(fc.nat(2000), fc.integer({ min: 0, max: 2 ** 36 })),
      mode: fc.constantFrom(0o644, 0o755, 0o7777, 0),
      uid: ID,
      gid: ID,
      mtime: TIME.map((time) => time + 0),
      offset: fc.integer({ min: 1, max: 5 }),
      uname: fc.constantFrom('root', 'daemon'),
      gname: fc.constantFrom('root', 'daemon'),
      atime: TIME,
      ctime: TIME,
      xattrs: fc.dictionary(fc.constantFrom('user.a', 'security.capability', '__proto__'), TEXT),
      linkname: TEXT,
      sparse: fc.array(fc.record({ offset: fc.nat(3), size: fc.integer({ min: 1, max: 3 }) }), {
        maxLength: 4,
      }),
    },
    { requiredKeys: ['path', 'type', 'size', 'mode', 'uid', 'gid', 'mtime', 'offset', 'linkname'] },
  )
  .map(({ linkname, sparse, ...entry }) => {
    const { type } = entry;
    const link = type === 'symlink' || type === 'hardlink' ? { linkname } : {};
    const device = type === 'char' || type === 'block' ? { devmajor: 8, devminor: 1 } : {};
    if (type !== 'file') return { ...entry, size: 0, ...link, ...device };
    if (sparse === undefined) return entry;
    let end = 0;
    const segments = sparse.map(({ offset, size }) => {
      const segment = { offset: end + offset * 512, size: size * 512 };
      end = segment.offset + segment.size;
      return segment;
    });
    const storedSize = segments.reduce((sum, { size }) => sum + size, 0);
    return { ...entry, size: end, sparse: { storedSize, segments } };
  });

const ENTRIES: fc.Arbitrary<FullEntry[]> = fc.array(ENTRY, { maxLength: 12 }).map((list) => {
  let end = 0;
  return list.map((entry) => {
    const offset = end + entry.offset * 512;
    end = offset + Math.ceil((entry.sparse?.storedSize ?? entry.size) / 512) * 512;
    return { ...entry, offset };
  });
});

/** The form around entries that nobody would write. */
async function forged(
  entries: Bytes,
  { count = 1, length = entries.length, tail = NO_WINDOW, format = 1 } = {},
): Promise<Bytes> {
  const packed = await gzip(entries);
  const out = new ByteWriter();
  out.raw(Uint8Array.of(0x53, 0x57, 0x53, 1));
  out.text(DIFF_ID);
  out.count(1 << 20);
  out.text(BLOB.digest);
  out.count(1000);
  for (const number of [format, count, length, packed.length, 0]) out.count(number);
  out.raw(packed);
  out.raw(tail);
  return sealed(out.bytes());
}

function sealed(bytes: Bytes): Bytes {
  const check = new DataView(new ArrayBuffer(4));
  check.setUint32(0, crc32(bytes), true);
  return join([bytes, new Uint8Array(check.buffer)]);
}

/** One entry, by hand. */
function rawEntry(head: number, path: string, ...rest: readonly number[]): Bytes {
  const out = new ByteWriter();
  out.raw(Uint8Array.of(head % 256, head >> 8));
  out.count(0);
  out.text(path);
  for (const number of rest) out.count(number);
  return out.bytes();
}

describe('a seek index', () => {
  it('keeps any entries', async () => {
    await fc.assert(
      fc.asyncProperty(ENTRIES, async (entries) => {
        const index = indexOf(entries);
        expect(await decodeSeekIndex(await encodeSeekIndex(index))).toEqual(index);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps checkpoints, and the root', async () => {
    const window = Uint8Array.of(1, 2, 3);
    const checkpoints = [
      { in: 10, bits: 3, out: 40_000, window },
      { in: 20, bits: 0, out: 90_000, window: NO_WINDOW },
    ];
    const root = { path: '', type: 'dir', size: 0, mode: 0, uid: 0, gid: 0, mtime: 0, offset: 512 } as const;
    const index = indexOf([root], { checkpoints });
    expect(await decodeSeekIndex(await encodeSeekIndex(index))).toEqual(index);
    const plain = indexOf([], { format: 'plain' });
    expect(await decodeSeekIndex(await encodeSeekIndex(plain))).toEqual(plain);
  });

  it('makes little of many entries', async () => {
    const entries = Array.from({ length: 10_000 }, (_, n) => ({
      path: `usr/lib/node_modules/package-${String(n >> 5)}/file-${String(n & 31)}.js`,
      type: 'file' as const,
      size: (n * 7919) % 5000,
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtime: 1_700_000_000 + (n % 3),
      offset: 512 + n * 8192,
    }));
    expect((await encodeSeekIndex(indexOf(entries))).length).toBeLessThan(100_000);
  });

  it.each([
    ['entries out of order', [1024, 512]],
    ['an offset within a block', [100]],
  ])('is not made of %s', async (_name, offsets) => {
    const entries = offsets.map((offset) => ({ ...ROOT, path: 'a', type: 'fifo' as const, offset }));
    await expect(encodeSeekIndex(indexOf(entries))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('notices any damage', async () => {
    const checkpoints = [{ in: 10, bits: 3, out: 40_000, window: new Uint8Array(50).fill(7) }];
    const encoded = await encodeSeekIndex(indexOf([{ ...ROOT, path: 'etc' }], { checkpoints }));
    await fc.assert(
      fc.asyncProperty(fc.nat(encoded.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = encoded.slice();
        damaged[at] = (damaged[at] ?? 0) ^ change;
        const code = at === 3 ? 'UNSUPPORTED' : 'INVALID_ARCHIVE';
        await expect(decodeSeekIndex(damaged)).rejects.toMatchObject({ code });
      }),
      { numRuns: 60 },
    );
    for (let length = 0; length < encoded.length; length += 7) {
      await expect(decodeSeekIndex(encoded.subarray(0, length))).rejects.toMatchObject({
        code: 'INVALID_ARCHIVE',
      });
    }
  });
});

const ROOT = { path: '', type: 'dir', size: 0, mode: 0, uid: 0, gid: 0, mtime: 0, offset: 512 } as const;

describe('a hostile seek index', () => {
  it('is taken where there is nothing wrong with it', async () => {
    const { entries } = await decodeSeekIndex(await forged(rawEntry(1, 'etc', 1)));
    expect(entries).toEqual([{ ...ROOT, path: 'etc' }]);
  });

  it.each([
    ['a path that leads out', rawEntry(1, '../etc', 1)],
    ['a path from the root', rawEntry(1, '/etc', 1)],
    ['a path with an empty segment', rawEntry(1, 'a//b', 1)],
    ['a path that ends in a slash', rawEntry(1, 'a/', 1)],
    ['a file in the place of the root', rawEntry(6, '', 1)],
    ['a path that is too long', rawEntry(1, 'x'.repeat(20_000), 1)],
    ['a path that begins as none before it', Uint8Array.of(1, 0, 5, 1, 97, 1)],
    ['no known type', rawEntry(7, 'a', 1)],
    ['an unknown flag', rawEntry(0x8001, 'a', 1)],
    ['a mode that is none', rawEntry(0x11, 'a', 1, 0o10000)],
    ['a file that is not in the layer', rawEntry(0, 'a', 1, 1 << 20)],
    ['a file far away', rawEntry(0, 'a', 2 ** 50, 1)],
    ['a link without a target', rawEntry(2, 'a', 1)],
    ['a target without a link', rawEntry(0x81, 'a', 1, 1, 97)],
    ['a device without a number', rawEntry(4, 'a', 1)],
    ['a number without a device', rawEntry(0x201, 'a', 1, 1, 1)],
    ['a sparse directory', rawEntry(0x4001, 'a', 1, 0, 0)],
    ['a sparse file of another size', rawEntry(0x4000, 'a', 1, 1024, 512, 1, 1000, 512)],
    ['a sparse file with fewer bytes stored', rawEntry(0x4000, 'a', 1, 1024, 100, 1, 0, 512)],
    ['a segment of no bytes', rawEntry(0x4000, 'a', 1, 1024, 0, 1, 0, 0)],
    ['more segments than it has', rawEntry(0x4000, 'a', 1, 1024, 0, 2 ** 40)],
    ['more attributes than it has', rawEntry(0x101, 'a', 1, 2 ** 40)],
    ['a text that is cut short', rawEntry(0x82, 'a', 1, 100)],
    ['a number that is too large', rawEntry(0, 'a', 1, 2 ** 53)],
    ['a number without an end', join([rawEntry(0, 'a', 1), Uint8Array.of(255, 255)])],
    ['a time that is none', join([rawEntry(0x41, 'a', 1), new Uint8Array(8).fill(255)])],
    ['more than one entry', join([rawEntry(1, 'a', 1), rawEntry(1, 'b', 1)])],
    ['less than one entry', Uint8Array.of(1, 0, 0, 1)],
  ])('is refused for %s', async (_name, entries) => {
    await expect(decodeSeekIndex(await forged(entries))).rejects.toMatchObject({ code: 'INVALID_ARCHIVE' });
  });

  it('is refused for counts, lengths and formats that are not true', async () => {
    const entry = rawEntry(1, 'a', 1);
    for (const wrong of [
      { count: 2 },
      { count: 1000 },
      { length: entry.length - 1 },
      { length: 2 ** 29 },
      { tail: Uint8Array.of(1) },
      { format: 3 },
    ]) {
      await expect(decodeSeekIndex(await forged(entry, wrong))).rejects.toMatchObject({
        code: 'INVALID_ARCHIVE',
      });
    }
    for (const large of [{ count: 2_000_000, length: 2 ** 29 }, { length: 2 ** 31 }]) {
      await expect(decodeSeekIndex(await forged(entry, large))).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
      });
    }
    await expect(decodeSeekIndex(await forged(entry), { maxEntryBytes: 3 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    await expect(decodeSeekIndex(await forged(entry), { maxEntries: 0 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });

  it('is refused for digests that are none', async () => {
    for (const text of ['../../x', 'x'.repeat(1000), 'sha256:00']) {
      const out = new ByteWriter();
      out.raw(Uint8Array.of(0x53, 0x57, 0x53, 1));
      out.text(text);
      await expect(decodeSeekIndex(sealed(out.bytes()))).rejects.toMatchObject({ code: 'INVALID_ARCHIVE' });
    }
  });

  it('is refused for more names than a layer may have', () => {
    const again = Uint8Array.of(1, 0, 3, 0, 0);
    const bytes = join([rawEntry(1, 'abc', 1), again, again]);
    const reader = new EntryReader(bytes, { maxPathBytes: 100, maxTotalText: 8, diffSize: 4096 });
    expect([reader.next().path, reader.next().path]).toEqual(['abc', 'abc']);
    expect(() => reader.next()).toThrow('its names are too long');
  });

  it('is refused for checkpoints that are not in the layer', async () => {
    const point = { in: 10, bits: 0, out: 40_000, window: NO_WINDOW };
    for (const wrong of [
      { format: 'plain', checkpoints: [point] },
      { checkpoints: [{ ...point, in: BLOB.size + 1 }] },
      { checkpoints: [point], diffSize: 39_999 },
      { format: 'zstd', checkpoints: [{ ...point, bits: 1 }] },
      { format: 'zstd', checkpoints: [{ ...point, window: Uint8Array.of(1) }] },
    ] as const) {
      const encoded = await encodeSeekIndex(indexOf([], wrong));
      await expect(decodeSeekIndex(encoded)).rejects.toThrow('its checkpoints are not in the layer');
    }
    const windows = { ...point, window: new Uint8Array(32_768) };
    const encoded = await encodeSeekIndex(indexOf([], { checkpoints: [windows] }));
    await expect(decodeSeekIndex(encoded, { maxCheckpointBytes: 1000 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });
});
