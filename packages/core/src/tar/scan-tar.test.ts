import type { Bytes } from '@stowage/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanTar } from './scan-tar.ts';
import { encodeTarText } from './tar-text.ts';
import {
  block,
  codeOf,
  END,
  extension,
  GNU,
  headers,
  join,
  octal,
  padded,
  pax,
  paxHeader,
  scan,
} from '../test-support/raw-tar.ts';

function names(archive: Bytes): string[] {
  return headers(archive).map(({ name }) => name);
}

describe('scanTar', () => {
  it('reads a ustar entry with its content and its place', () => {
    const archive = join(block({ name: 'a', size: 5 }), padded('hello'), END);
    const [[header, content] = []] = scan(archive);
    expect(header).toEqual({
      name: 'a',
      type: 'file',
      size: 5,
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtime: 0,
      offset: 512,
    });
    expect(content).toBe('hello');
  });

  it('reads the same from pieces of any size', () => {
    const archive = join(
      extension('g', pax(['uid', '7'])),
      paxHeader(['path', 'long/name'], ['SCHILY.xattr.user.a', 'b']),
      block({ size: 700 }),
      padded(new Uint8Array(700).fill(120)),
      extension('L', 'other\0'),
      block({ flag: '5' }),
      END,
      new Uint8Array(99),
    );
    const whole = scan(archive);
    expect(whole.map(([header]) => header.name)).toEqual(['long/name', 'other']);
    expect(scan(archive, {}, new Array<number>(archive.length).fill(1))).toEqual(whole);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1300 }), { maxLength: 12 }), (pieces) => {
        expect(scan(archive, {}, pieces)).toEqual(whole);
      }),
    );
  });

  it('knows every kind of entry, and lets only files have content', () => {
    const flags = ['0', '1', '2', '3', '4', '5', '6', '7', '\0', 'D'];
    const withSize = ['0', '1', '5', '7', '\0', 'D'];
    const archive = join(
      ...flags.flatMap((flag) => {
        const header = block({ flag, linkname: 'to', size: withSize.includes(flag) ? 3 : 0 });
        return ['0', '7', '\0', 'D'].includes(flag) ? [header, padded('abc')] : [header];
      }),
      END,
    );
    const found = scan(archive);
    expect(found.map(([{ type }]) => type)).toEqual([
      'file',
      'hardlink',
      'symlink',
      'char',
      'block',
      'dir',
      'fifo',
      'file',
      'file',
      'dir',
    ]);
    expect(found.map(([{ size }]) => size)).toEqual([3, 0, 0, 0, 0, 0, 0, 3, 3, 0]);
    expect(found.map(([, content]) => content)).toEqual([
      'abc',
      ...new Array<string>(6).fill(''),
      'abc',
      'abc',
      '',
    ]);
    expect(found.map(([{ linkname }]) => linkname)).toEqual(
      flags.map((flag) => (flag === '1' || flag === '2' ? 'to' : undefined)),
    );
    expect(found.map(([{ devmajor }]) => devmajor)).toEqual(
      flags.map((flag) => (flag === '3' || flag === '4' ? 0 : undefined)),
    );
  });

  it('takes the slash of a v7 entry for a directory', () => {
    const archive = join(
      block({ name: 'd/', flag: '\0', magic: '' }),
      extension('L', `${'d'.repeat(120)}/\0`),
      block({ name: 'd/', flag: '\0' }),
      END,
    );
    expect(headers(archive).map(({ type }) => type)).toEqual(['dir', 'dir']);
  });

  it('passes over the label of a GNU archive, and what was said about it', () => {
    const archive = join(
      paxHeader(['mtime', '5']),
      block({ name: 'label', flag: 'V', size: 3, magic: GNU }),
      padded('abc'),
      block({ name: 'a' }),
      END,
    );
    expect(headers(archive)).toMatchObject([{ name: 'a', mtime: 0, offset: 2560 }]);
  });

  it('joins the prefix of ustar, and not what GNU keeps in its place', () => {
    const times = octal(1_600_000_000) + octal(1_600_000_000);
    const archive = join(
      block({ name: 'n', prefix: 'p/q' }),
      block({ name: 'n', prefix: 'p'.repeat(155) }),
      block({ name: 'n', prefix: times, magic: GNU }),
      END,
    );
    expect(names(archive)).toEqual(['p/q/n', `${'p'.repeat(155)}/n`, 'n']);
  });

  it('has the owners and devices that a format has room for', () => {
    const fields = {
      flag: '3',
      owners: ['root', 'wheel'],
      devices: ['0000010\0', '0000007\0'],
    } as const;
    const archive = join(
      block(fields),
      block({ ...fields, magic: GNU }),
      block({ ...fields, magic: '' }),
      END,
    );
    expect(headers(archive)).toMatchObject([
      { uname: 'root', gname: 'wheel', devmajor: 8, devminor: 7 },
      { uname: 'root', gname: 'wheel', devmajor: 8, devminor: 7 },
      { devmajor: 0, devminor: 0 },
    ]);
    expect(headers(archive)[2]).not.toHaveProperty('uname');
  });

  it('reads GNU long names and links', () => {
    const long = 'd/'.repeat(100);
    const archive = join(
      extension('L', `${long}name\0 and more`),
      extension('K', `${long}link`),
      block({ flag: '2', linkname: 'short' }),
      block({ name: 'next' }),
      END,
    );
    expect(headers(archive).map(({ name, linkname }) => [name, linkname])).toEqual([
      [`${long}name`, `${long}link`],
      ['next', undefined],
    ]);
  });

  it('reads numbers in base 256, negative ones too', () => {
    const big = new Uint8Array([0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1]);
    const negative = new Uint8Array(12).fill(0xff);
    const uid = new Uint8Array([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    const [header] = headers(join(block({ flag: '5', size: big, mtime: negative, uid }), END));
    expect(header?.mtime).toBe(-1);
    expect(header?.uid).toBe(0xffffffff);
    const long = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1]);
    expect(headers(join(block({ mtime: long }), END))[0]?.mtime).toBe(-(2 ** 33) + 1);
    const sizes: number[] = [];
    const scanner = scanTar({ onEntry: ({ size }) => sizes.push(size) });
    scanner.write(block({ size: big }));
    expect(sizes).toEqual([2 * 2 ** 32 + 1]);
  });

  it.each([
    ['   123 \0', 0o123],
    ['        ', 0],
    ['\0\0\0\0\0\0\0\0', 0],
    ['77777777', 0o77777777],
    ['12\0junk!', 0o12],
  ])('reads %j as a number', (uid, value) => {
    expect(headers(join(block({ uid }), END))[0]?.uid).toBe(value);
  });

  it('applies pax records of an entry before those of the archive, and both before the header', () => {
    const archive = join(
      extension('g', pax(['uid', '1'], ['gid', '2'], ['SCHILY.xattr.user.g', 'global'])),
      paxHeader(['uid', '3'], ['mtime', '12.5'], ['size', '4'], ['comment', 'none']),
      block({ mtime: octal(9) }),
      padded('data'),
      paxHeader(['gid', ''], ['SCHILY.xattr.user.g', '']),
      block({ mtime: octal(9) }),
      extension('g', pax(['uid', ''], ['gid', '2'], ['SCHILY.xattr.user.g', 'global'])),
      block({}),
      END,
    );
    const found = scan(archive);
    expect(found.map(([{ uid, gid, mtime, size, xattrs }]) => ({ uid, gid, mtime, size, xattrs }))).toEqual([
      { uid: 3, gid: 2, mtime: 12.5, size: 4, xattrs: { 'user.g': 'global' } },
      { uid: 1, gid: 0, mtime: 9, size: 0, xattrs: undefined },
      { uid: 0, gid: 2, mtime: 0, size: 0, xattrs: { 'user.g': 'global' } },
    ]);
    expect(found[0]?.[1]).toBe('data');
  });

  it('reads every pax record that means something, the last of one key', () => {
    const archive = join(
      paxHeader(
        ['path', 'first'],
        ['path', 'name'],
        ['linkpath', 'target'],
        ['uname', 'björn'],
        ['gname', 'users'],
        ['mtime', '-1.25'],
        ['atime', '2.'],
        ['ctime', '3.000000001'],
        ['VENDOR.key', 'a\0b'],
      ),
      block({ flag: '2', owners: ['root', 'root'] }),
      END,
    );
    expect(headers(archive)).toEqual([
      {
        name: 'name',
        type: 'symlink',
        size: 0,
        mode: 0o644,
        uid: 0,
        gid: 0,
        uname: 'björn',
        gname: 'users',
        mtime: -1.25,
        atime: 2,
        ctime: 3.000000001,
        linkname: 'target',
        offset: 1536,
      },
    ]);
  });

  it('keeps an attribute named __proto__ as an attribute', () => {
    const archive = join(paxHeader(['SCHILY.xattr.__proto__', 'x']), block(), END);
    const xattrs = scan(archive)[0]?.[0].xattrs ?? {};
    expect(Object.entries(xattrs)).toEqual([['__proto__', 'x']]);
  });

  it('keeps the bytes of texts that are not UTF-8, and keeps them apart', () => {
    const raw = [
      new Uint8Array([0x61, 0xff]),
      new Uint8Array([0x61, 0xfe]),
      new Uint8Array([0xe9]),
      new Uint8Array([0xc3, 0xa9]),
      new Uint8Array([0xef, 0xbb, 0xbf, 0x61]),
    ];
    const found = names(join(...raw.map((name) => block({ name })), END));
    expect(found).toEqual(['a\udcff', 'a\udcfe', '\udce9', 'é', '\ufeffa']);
    expect(found.map((name) => encodeTarText(name))).toEqual(raw);

    const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const archive = join(
      paxHeader(['path', new Uint8Array([0x70, 0x80])], ['SCHILY.xattr.security.capability', value]),
      block(),
      END,
    );
    const [header] = headers(archive);
    expect(header?.name).toBe('p\udc80');
    expect(encodeTarText(header?.xattrs?.['security.capability'] ?? '')).toEqual(value);
  });

  it('accepts a checksum of signed bytes', () => {
    expect(names(join(block({ name: 'é', signed: true }), END))).toEqual(['é']);
  });

  it('ends at two zero blocks, and counts what follows', () => {
    const after = join(new TextEncoder().encode('anything at all'), block({ name: 'b' }));
    const archive = join(block({ name: 'a' }), END, after);
    expect(names(archive)).toEqual(['a']);
    for (const size of [1, 700, archive.length]) {
      const scanner = scanTar({ onEntry: () => undefined });
      for (let at = 0; at < archive.length; at += size) scanner.write(archive.subarray(at, at + size));
      scanner.end();
      expect(scanner.trailingBytes).toBe(after.length);
    }
  });

  it('accepts an archive without its end marker, half of it, and no bytes at all', () => {
    expect(names(block({ name: 'a' }))).toEqual(['a']);
    expect(names(join(block({ name: 'a' }), END.subarray(512)))).toEqual(['a']);
    expect(names(new Uint8Array(0))).toEqual([]);
    expect(names(END)).toEqual([]);
  });

  it('says in moby’s words which kind it cannot handle', () => {
    expect(() => scan(block({ flag: 'M' }))).toThrow('unhandled tar header type 77');
  });

  it('bounds entries and text', () => {
    const archive = join(block({ name: 'abc' }), block({ name: 'def' }), END);
    expect(codeOf(() => scan(archive, { maxEntries: 1 }))).toBe('LIMIT_EXCEEDED');
    expect(codeOf(() => scan(archive, { maxEntries: 2, maxNameLength: undefined }))).toBe(undefined);
    expect(codeOf(() => scan(archive, { maxTotalText: 5 }))).toBe('LIMIT_EXCEEDED');
    expect(codeOf(() => scan(archive, { maxTotalText: 6 }))).toBe(undefined);
    expect(codeOf(() => scan(archive, { maxNameLength: 2 }))).toBe('LIMIT_EXCEEDED');
    const labels = join(...new Array<Bytes>(3).fill(block({ flag: 'V' })), END);
    expect(codeOf(() => scan(labels, { maxEntries: 2 }))).toBe('LIMIT_EXCEEDED');
    const owned = join(block({ name: 'a', owners: ['root', 'root'] }), END);
    expect(codeOf(() => scan(owned, { maxTotalText: 8 }))).toBe('LIMIT_EXCEEDED');
  });

  it('counts attributes of the archive for each entry that gets them', () => {
    const attribute = pax(['SCHILY.xattr.user.a', 'v'.repeat(100)]);
    const archive = join(extension('g', attribute), ...new Array<Bytes>(9).fill(block()), END);
    expect(codeOf(() => scan(archive, { maxTotalText: 900 }))).toBe('LIMIT_EXCEEDED');
    expect(codeOf(() => scan(archive, { maxTotalText: 2000 }))).toBe(undefined);
    expect(codeOf(() => scan(extension('g', attribute), { maxTotalText: 99 }))).toBe('LIMIT_EXCEEDED');
  });

  it('takes nothing more after it has failed, ended, or while it calls back', () => {
    const failed = scanTar({ onEntry: () => undefined });
    expect(() => {
      failed.write(new Uint8Array(512).fill(120));
    }).toThrow('invalid tar header');
    const ended = scanTar({ onEntry: () => undefined });
    ended.end();
    const nested = scanTar({
      onEntry: () => {
        nested.write(END);
      },
    });
    const works = [
      () => {
        failed.write(END);
      },
      () => {
        ended.write(END);
      },
      () => {
        nested.write(block());
      },
    ];
    expect(works.map(codeOf)).toEqual(new Array(3).fill('INVALID_ARGUMENT'));
  });
});
