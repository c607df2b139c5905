import type { Bytes, ErrorCode } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import type { TarLimits } from './scan-tar.ts';
import {
  block,
  END,
  GNU,
  gnuSparse,
  gnuSparseBlock,
  join,
  padded,
  pax,
  paxHeader,
  extension,
  scan,
} from '../test-support/raw-tar.ts';

type Pairs = readonly (readonly [number, number])[];

/** Segments from `offset+size offset+size`. */
function pairsOf(text: string): Pairs {
  return text.split(' ').map((pair) => {
    const [offset = 0, size = 0] = pair.split('+').map(Number);
    return [offset, size];
  });
}

const PAIRS = pairsOf('512+512 4096+3 8192+0');
const STORED = 'a'.repeat(512) + 'bcd';
const NEXT = block({ name: 'next' });
const CONTENT = padded(STORED);

function old(pairs: Pairs = PAIRS, raw: Parameters<typeof block>[0] = {}): Bytes {
  return block({ name: 's', flag: 'S', size: 515, magic: GNU, more: gnuSparse(8192, pairs), ...raw });
}

function pairs00(pairs: Pairs): (readonly [string, string])[] {
  return pairs.flatMap(([offset, size]): (readonly [string, string])[] => [
    ['GNU.sparse.offset', String(offset)],
    ['GNU.sparse.numbytes', String(size)],
  ]);
}

const V00 = [['GNU.sparse.size', '8192'], ['GNU.sparse.numblocks', '3'], ...pairs00(PAIRS)] as const;
const V01 = [
  ['GNU.sparse.size', '8192'],
  ['GNU.sparse.numblocks', '3'],
  ['GNU.sparse.name', 's'],
  ['GNU.sparse.map', '512,512,4096,3,8192,0'],
] as const;
const V10 = [
  ['GNU.sparse.major', '1'],
  ['GNU.sparse.minor', '0'],
  ['GNU.sparse.name', 's'],
  ['GNU.sparse.realsize', '8192'],
] as const;
const MAP = '3\n512\n512\n4096\n3\n8192\n0\n';

function pax10(map: string, records: readonly (readonly [string, string])[] = V10, size?: number): Bytes {
  const text = padded(map);
  return join(
    paxHeader(...records),
    block({ name: 'GNUSparseFile.1/s', size: size ?? text.length + 515 }),
    text,
    CONTENT,
  );
}

function pax0(...records: readonly (readonly [string, string])[]): Bytes {
  return join(paxHeader(...records), block({ name: 'GNUSparseFile.1/s', size: 515 }), CONTENT);
}

function without(
  records: readonly (readonly [string, string])[],
  key: string,
): (readonly [string, string])[] {
  return records.filter(([name]) => name !== `GNU.sparse.${key}`);
}

describe('scanTar reads a sparse file', () => {
  it.each<[string, Bytes]>([
    ['in the old GNU format', join(old(), CONTENT)],
    [
      'in the old GNU format, with a block that is empty',
      join(old(PAIRS, { more: gnuSparse(8192, PAIRS, true) }), gnuSparseBlock([]), CONTENT),
    ],
    [
      'in the old GNU format, its map in a block of its own',
      join(
        old(PAIRS, {
          more: gnuSparse(8192, pairsOf('0+0 512+512 1024+0 2048+0'), true),
        }),
        gnuSparseBlock(pairsOf('4096+3 8192+0')),
        CONTENT,
      ),
    ],
    ['in format 0.0', join(paxHeader(...V00), block({ name: 's', size: 515 }), CONTENT)],
    ['in format 0.1', pax0(...V01)],
    ['in format 0.1 that is named', pax0(['GNU.sparse.major', '0'], ['GNU.sparse.minor', '1'], ...V01)],
    ['in format 1.0', pax10(MAP)],
    ['in format 1.0 with a path beside the name', pax10(MAP, [...V10, ['path', 'GNUSparseFile.1/s']])],
  ])('%s', (_format, bytes) => {
    const archive = join(bytes, NEXT, END);
    for (const pieces of [[], new Array<number>(archive.length).fill(1), [700, 300, 511]]) {
      const [sparse, next] = scan(archive, {}, pieces);
      expect(sparse?.[0]).toEqual({
        name: 's',
        type: 'file',
        size: 8192,
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime: 0,
        sparse: {
          storedSize: 515,
          segments: [
            { offset: 512, size: 512 },
            { offset: 4096, size: 3 },
          ],
        },
        offset: bytes.length - 1024,
      });
      expect(sparse?.[1]).toBe(STORED);
      expect(next?.[0]).toMatchObject({ name: 'next', offset: bytes.length + 512 });
    }
  });

  it('of many segments, in blocks and in lines', () => {
    const pairs = [...Array.from({ length: 100 }, (_, i) => [i * 1000, 512] as const), [100_000, 0] as const];
    const content = padded('x'.repeat(51_200));
    const segments = pairs.slice(0, -1).map(([offset, size]) => ({ offset, size }));
    const map = `101\n${pairs.map(([offset, size]) => `${String(offset)}\n${String(size)}\n`).join('')}`;
    const blocks = [0, 21, 42, 63, 84].map((at) => pairs.slice(4 + at, 25 + at));
    const records = [...without(V10, 'realsize'), ['GNU.sparse.realsize', '100000']] as const;
    const archive = join(
      old(pairs.slice(0, 4), { size: 51_200, more: gnuSparse(100_000, pairs.slice(0, 4), true) }),
      ...blocks.map((part, i) => gnuSparseBlock(part, i < 4)),
      content,
      paxHeader(...records),
      block({ size: padded(map).length + 51_200 }),
      padded(map),
      content,
      END,
    );
    for (const pieces of [[], new Array<number>(archive.length).fill(1)]) {
      const found = scan(archive, {}, pieces);
      expect(found.map(([{ sparse }]) => sparse)).toEqual(
        new Array(2).fill({ storedSize: 51_200, segments }),
      );
      expect(found.map(([, text]) => text)).toEqual(new Array(2).fill('x'.repeat(51_200)));
    }
  });

  it('that is nothing but a hole, however large', () => {
    const size = new Uint8Array([0x80, 0, 0, 0, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    const end = { 386: size, 398: '00000000000\0', 483: size };
    const archive = join(
      old([], { size: 0, more: end }),
      old([], { size: 0, more: { 483: '00000000000\0' } }),
      paxHeader(['GNU.sparse.numblocks', '1'], ['GNU.sparse.size', '5'], ['GNU.sparse.map', '5,0']),
      block({ size: 0 }),
      END,
    );
    expect(scan(archive).map(([header]) => [header.size, header.sparse])).toEqual(
      [Number.MAX_SAFE_INTEGER, 0, 5].map((whole) => [whole, { storedSize: 0, segments: [] }]),
    );
  });
});

describe('scanTar refuses a sparse file', () => {
  const many = (count: number): string => `${String(count)}\n${'0\n0\n'.repeat(count)}`;

  it.each<[string, ErrorCode, string, Bytes, TarLimits?]>([
    ['whose segments overlap', 'INVALID_ARCHIVE', 'invalid sparse map', old(pairsOf('512+512 600+3 8192+0'))],
    [
      'whose segments are out of order',
      'INVALID_ARCHIVE',
      'invalid sparse map',
      old(pairsOf('4096+512 512+3 8192+0')),
    ],
    [
      'that ends before its segments',
      'INVALID_ARCHIVE',
      'invalid sparse map',
      old(pairsOf('512+512 8190+3')),
    ],
    [
      'that ends after its segments',
      'INVALID_ARCHIVE',
      'does not reach the end',
      old(pairsOf('512+512 4096+3')),
    ],
    [
      'whose segments do not fill blocks',
      'INVALID_ARCHIVE',
      'fill its blocks',
      old(pairsOf('512+3 4096+512 8192+0')),
    ],
    [
      'with segments after an empty one',
      'INVALID_ARCHIVE',
      'segments after its end',
      block({ flag: 'S', magic: GNU, more: { 410: '00000001000\x0000000001000\0', 483: '00000020000\0' } }),
    ],
    [
      'with less in the map than is stored',
      'INVALID_ARCHIVE',
      '512 bytes for 515',
      old(pairsOf('512+512 8192+0')),
    ],
    [
      'with more in the map than is stored',
      'INVALID_ARCHIVE',
      '516 bytes for 515',
      old(pairsOf('512+512 4096+4 8192+0')),
    ],
    ['without GNU’s magic', 'INVALID_ARCHIVE', 'in another format', old(PAIRS, { magic: 'ustar\x0000' })],
    [
      'of a negative size',
      'INVALID_ARCHIVE',
      'negative size',
      old([], { more: { 483: new Uint8Array(12).fill(0xff) } }),
    ],
    [
      'of a malformed segment',
      'INVALID_ARCHIVE',
      'malformed offset',
      old([], { more: { 386: 'x', 398: 'x' } }),
    ],
    [
      'of a negative segment',
      'INVALID_ARCHIVE',
      'invalid sparse map',
      old([], { more: { 386: '00000001000\0', 398: new Uint8Array(12).fill(0xff), 483: '00000020000\0' } }),
    ],
    [
      'cut in its map',
      'INVALID_ARCHIVE',
      'unexpected end',
      old(PAIRS, { more: gnuSparse(8192, PAIRS, true) }),
    ],
    ['with two maps', 'INVALID_ARCHIVE', 'two sparse maps', join(paxHeader(...V01), old())],
    ['with two maps in one header', 'INVALID_ARCHIVE', 'two sparse maps', pax0(...V01, ...pairs00(PAIRS))],
    ['with a pax size', 'INVALID_ARCHIVE', 'with a pax size', join(paxHeader(['size', '515']), old())],
    ['with a pax size before its map', 'INVALID_ARCHIVE', 'with a pax size', pax0(['size', '515'], ...V01)],
    ['with a pax size after its map', 'INVALID_ARCHIVE', 'with a pax size', pax0(...V01, ['size', '515'])],
    ['that is a directory', 'INVALID_ARCHIVE', 'of a dir', join(paxHeader(...V01), block({ flag: '5' }))],
    ['with a name and no size', 'INVALID_ARCHIVE', 'no size of the file', pax0(['GNU.sparse.name', 'x'])],
    [
      'with a size and no map',
      'INVALID_ARCHIVE',
      'malformed GNU.sparse.numblocks',
      pax0(['GNU.sparse.realsize', '9']),
    ],
    ['without the number of segments', 'INVALID_ARCHIVE', 'numblocks', pax0(...without(V01, 'numblocks'))],
    [
      'with another number of segments',
      'INVALID_ARCHIVE',
      'another number of segments',
      pax0(...without(V01, 'numblocks'), ['GNU.sparse.numblocks', '4']),
    ],
    [
      'with a number that is none',
      'INVALID_ARCHIVE',
      'malformed GNU.sparse.map',
      pax0(...without(V01, 'map'), ['GNU.sparse.map', '512,512,4096,+3,8192,0']),
    ],
    ['with a size before an offset', 'INVALID_ARCHIVE', 'halves', pax0(['GNU.sparse.numbytes', '3'])],
    [
      'with two offsets',
      'INVALID_ARCHIVE',
      'halves',
      pax0(['GNU.sparse.offset', '3'], ['GNU.sparse.offset', '3']),
    ],
    [
      'with an offset alone',
      'INVALID_ARCHIVE',
      'another number',
      pax0(...V00, ['GNU.sparse.offset', '5000']),
    ],
    ['of all entries', 'INVALID_ARCHIVE', 'of all entries', extension('g', pax(['GNU.sparse.map', '0,1']))],
    [
      'of a format to come',
      'UNSUPPORTED',
      'format 2.0',
      pax10(MAP, [['GNU.sparse.major', '2'], ...without(V10, 'major')]),
    ],
    [
      'of a format that never was',
      'UNSUPPORTED',
      'format 1.1',
      pax10(MAP, [['GNU.sparse.minor', '1'], ...without(V10, 'minor')]),
    ],
    ['of half a version', 'UNSUPPORTED', 'format 1.', pax10(MAP, without(V10, 'minor'))],
    [
      'of the other half of a version',
      'UNSUPPORTED',
      'format .7',
      pax10(MAP, [['GNU.sparse.minor', '7'], ...V01]),
    ],
    ['named like a directory', 'INVALID_ARCHIVE', 'invalid name', pax0(...V01, ['GNU.sparse.name', 'd/'])],
    [
      'without a name in its record',
      'INVALID_ARCHIVE',
      'invalid name',
      pax0(...V01, ['GNU.sparse.name', '']),
    ],
    ['with a path of its own', 'INVALID_ARCHIVE', 'two names', pax0(...V01, ['path', 'elsewhere'])],
    ['with a long name', 'INVALID_ARCHIVE', 'two names', join(extension('L', 'long\0'), pax0(...V01))],
    [
      'in a header of GNU’s layout',
      'INVALID_ARCHIVE',
      'in another format',
      join(paxHeader(...V01), block({ size: 515, magic: GNU })),
    ],
    ['of lines without a number', 'INVALID_ARCHIVE', 'malformed number', pax10('\n')],
    ['of lines with blanks', 'INVALID_ARCHIVE', 'malformed number', pax10(MAP.replace('\n3', '\n 3'))],
    ['of a number without end', 'INVALID_ARCHIVE', 'malformed number', pax10('1'.repeat(17))],
    ['of a number beyond counting', 'INVALID_ARCHIVE', 'malformed number', pax10('1\n9999999999999999\n1\n')],
    ['whose lines end with the file', 'INVALID_ARCHIVE', 'no end', pax10(MAP, V10, 511)],
    ['whose lines leave the wrong size', 'INVALID_ARCHIVE', '515 bytes for 514', pax10(MAP, V10, 1026)],
    [
      'of more segments than allowed',
      'LIMIT_EXCEEDED',
      'of more than 1 segments',
      old(),
      { maxSparseSegments: 1 },
    ],
    [
      'of more segments than allowed, in a list',
      'LIMIT_EXCEEDED',
      'more than 1',
      pax0(...V01),
      { maxSparseSegments: 1 },
    ],
    [
      'of more segments than allowed, in lines',
      'LIMIT_EXCEEDED',
      'of 3 segments',
      pax10(MAP),
      { maxSparseSegments: 2 },
    ],
    [
      'of lines without end',
      'LIMIT_EXCEEDED',
      'too many bytes',
      pax10(many(200)),
      { maxExtensionBytes: 513 },
    ],
    [
      'of more segments than all may have',
      'LIMIT_EXCEEDED',
      'more than 32',
      join(old(), CONTENT),
      { maxTotalText: 32 },
    ],
  ])('%s', (_what, code, message, archive, limits) => {
    const error = expect.objectContaining({
      code,
      message: expect.stringContaining(message) as string,
    }) as Error;
    expect(() => scan(archive, limits)).toThrow(error);
    expect(() => scan(archive, limits, new Array<number>(archive.length - 1).fill(1))).toThrow(error);
  });
});
