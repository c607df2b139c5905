import { isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { streamOf } from '../stream/stream-of.ts';
import { createTarWriter } from './tar-writer.ts';
import type { TarEntryInit } from './tar-writer.ts';

const latin1 = new TextDecoder('latin1');

function header(init: TarEntryInit): { field: (at: number, length: number) => string; parts: Uint8Array[] } {
  const parts = createTarWriter().entry(init);
  const block = parts.at(-1) ?? new Uint8Array(0);
  return {
    parts,
    field: (at, length) => latin1.decode(block.subarray(at, at + length)).replace(/\0.*$/s, ''),
  };
}

/** The records of the pax header that stands before an entry. */
function records(init: TarEntryInit): string {
  const parts = createTarWriter().entry(init);
  return latin1.decode(
    parts.slice(1, -2).reduce((all, part) => new Uint8Array([...all, ...part]), new Uint8Array(0)),
  );
}

describe('createTarWriter', () => {
  it('writes plain ustar where ustar is enough', () => {
    const { parts, field } = header({
      name: 'dir/file',
      mode: 0o4755,
      uid: 1000,
      gid: 0o7777777,
      mtime: 1_700_000_000,
      uname: 'root',
      gname: 'g'.repeat(31),
    });
    expect(parts.map((part) => part.length)).toEqual([512]);
    expect(field(0, 100)).toBe('dir/file');
    expect(field(100, 8)).toBe('0004755');
    expect(field(108, 8)).toBe('0001750');
    expect(field(116, 8)).toBe('7777777');
    expect(field(124, 12)).toBe('00000000000');
    expect(field(136, 12)).toBe('14524770400');
    expect(field(156, 1)).toBe('0');
    expect(field(257, 6)).toBe('ustar');
    expect(field(265, 32)).toBe('root');
    expect(field(297, 32)).toBe('g'.repeat(31));
    expect(field(148, 7)).toMatch(/^[0-7]{6}$/);
  });

  it('pads content and ends with two blocks', () => {
    const writer = createTarWriter();
    expect(writer.entry({ name: 'a' }, new Uint8Array(513)).map((part) => part.length)).toEqual([
      512, 513, 511,
    ]);
    expect(writer.entry({ name: 'a' }, new Uint8Array(512)).map((part) => part.length)).toEqual([512, 512]);
    expect(writer.entry({ name: 'a' }, new Uint8Array(0)).map((part) => part.length)).toEqual([512]);
    expect(writer.end()).toEqual(new Uint8Array(1024));
  });

  it('gives kinds their usual modes and directories their slash', () => {
    expect(header({ name: 'd', type: 'dir' }).field(0, 100)).toBe('d/');
    expect(header({ name: 'd/', type: 'dir' }).field(0, 100)).toBe('d/');
    expect(header({ name: 'd', type: 'dir' }).field(100, 8)).toBe('0000755');
    expect(header({ name: 'l', type: 'symlink', linkname: 't' }).field(100, 8)).toBe('0000777');
    expect(header({ name: 'f' }).field(100, 8)).toBe('0000644');
  });

  it('splits a long name at a slash', () => {
    const name = `${'p'.repeat(150)}/${'n'.repeat(100)}`;
    const { parts, field } = header({ name });
    expect(parts.length).toBe(1);
    expect(field(345, 155)).toBe('p'.repeat(150));
    expect(field(0, 100)).toBe('n'.repeat(100));
    // Neither field may be empty, as it would be if the slash at the end or the front were taken.
    for (const whole of [`${'d'.repeat(120)}/`, `/${'n'.repeat(100)}`]) {
      expect(records({ name: whole, type: whole.endsWith('/') ? 'dir' : 'file' })).toContain(
        ` path=${whole}\n`,
      );
    }
  });

  it('writes a pax record for what ustar cannot hold, and nothing more', () => {
    const long = 'n'.repeat(101);
    expect(records({ name: long })).toBe(`111 path=${long}\n`);
    expect(records({ name: 'é' })).toBe('11 path=\u00c3\u00a9\n');
    expect(records({ name: 'l', type: 'symlink', linkname: long })).toBe(`115 linkpath=${long}\n`);
    expect(records({ name: 'f', uid: 2 ** 21, gid: 2 ** 31 })).toBe('18 gid=2147483648\n15 uid=2097152\n');
    expect(records({ name: 'f', mtime: 1.5 })).toBe('13 mtime=1.5\n');
    expect(records({ name: 'f', mtime: -1e-7 })).toBe('20 mtime=-0.0000001\n');
    expect(records({ name: 'f', mtime: 2 ** 40 })).toBe('23 mtime=1099511627776\n');
    expect(records({ name: 'f', mtime: 1, atime: 2, ctime: 3.5 })).toBe('11 atime=2\n13 ctime=3.5\n');
    expect(records({ name: 'f', uname: 'u'.repeat(32) })).toBe(`42 uname=${'u'.repeat(32)}\n`);
    expect(records({ name: 'f', gname: 'gr\u00fcn' })).toBe('15 gname=gr\u00c3\u00bcn\n');
    expect(records({ name: 'f', xattrs: { 'user.b': '2', 'user.a': '1' } })).toBe(
      '25 SCHILY.xattr.user.a=1\n25 SCHILY.xattr.user.b=2\n',
    );
  });

  it('writes bytes that are not UTF-8 as they are, and says so of names', () => {
    expect(records({ name: 'a\udcff' })).toBe('21 hdrcharset=BINARY\n11 path=a\u00ff\n');
    expect(records({ name: 'l', type: 'symlink', linkname: '\udce9' })).toBe(
      '21 hdrcharset=BINARY\n14 linkpath=\u00e9\n',
    );
    expect(records({ name: 'f', xattrs: { 'user.a': '\0\udcff\n' } })).toBe(
      '27 SCHILY.xattr.user.a=\0\u00ff\n\n',
    );
  });

  it('makes the same bytes of the same entry, whatever the order of its attributes', () => {
    const one = createTarWriter().entry({ name: 'é', xattrs: { a: '1', b: '2' } });
    const two = createTarWriter().entry({ name: 'é', xattrs: { b: '2', a: '1' } });
    expect(one).toEqual(two);
  });

  it.each<[string, TarEntryInit, number?]>([
    ['an empty name', { name: '' }],
    ['NUL in a name', { name: 'a\0b' }],
    ['NUL in a link', { name: 'a', type: 'symlink', linkname: '\0' }],
    ['a negative size', { name: 'a', size: -1 }],
    ['a size that is no whole number', { name: 'a', size: 1.5 }],
    ['content of another size', { name: 'a', size: 2 }, 3],
    ['content of a directory', { name: 'a', type: 'dir' }, 3],
    ['a size without content', { name: 'a', size: 2 }],
    ['a file that is named like a directory', { name: 'a/' }],
    ['half of a surrogate pair in a name', { name: 'a\ud800' }],
    ['half of a surrogate pair in a link', { name: 'a', type: 'symlink', linkname: '\udfff' }],
    ['half of a surrogate pair in an attribute', { name: 'a', xattrs: { a: '\udbff' } }],
    ['NUL in an owner', { name: 'a', uname: 'a\0' }],
    ['bits that are no mode', { name: 'a', mode: 0o100644 }],
    ['a negative owner', { name: 'a', uid: -1 }],
    ['a time without end', { name: 'a', mtime: Infinity }],
    ['a device number too large', { name: 'a', type: 'char', devminor: 2 ** 21 }],
    ['an attribute without a value', { name: 'a', xattrs: { 'user.a': '' } }],
    ['an attribute with = in its name', { name: 'a', xattrs: { 'a=b': 'c' } }],
  ])('refuses %s', (_what, init, content) => {
    let error: unknown;
    try {
      createTarWriter().entry(init, content === undefined ? undefined : new Uint8Array(content));
    } catch (caught) {
      error = caught;
    }
    expect(isStowageError(error, 'INVALID_ARGUMENT')).toBe(true);
  });

  it('writes content as it comes from a stream, and is exact about its size', async () => {
    const pieces = [Uint8Array.of(1, 2), new Uint8Array(0), new Uint8Array(511).fill(3)];
    const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
    const writer = createTarWriter();
    const written = async (size: number): Promise<number[]> => {
      const all: number[] = [];
      for await (const part of writer.stream({ name: 'a', size, mtime: 0.5 }, streamOf(...pieces))) {
        all.push(...part);
      }
      return all;
    };
    const entry = writer.entry({ name: 'a', mtime: 0.5 }, whole);
    expect(await written(513)).toEqual(entry.flatMap((part) => [...part]));
    await expect(written(512)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    await expect(written(514)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    await expect(written(-1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const parts: Uint8Array[] = [];
    for await (const part of writer.stream({ name: 'e', size: 0 }, streamOf())) parts.push(part);
    expect(parts).toEqual(writer.entry({ name: 'e' }));
  });

  it('says in a pax record how large a stream is that ustar cannot count, and asks for it piece by piece', async () => {
    let pulled = 0;
    let cancelled = false;
    const content = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          pulled++;
          controller.enqueue(new Uint8Array(1000));
        },
        cancel: () => {
          cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    const parts: Uint8Array[] = [];
    for await (const part of createTarWriter().stream({ name: 'f', size: 2 ** 33 }, content)) {
      parts.push(part);
      if (parts.length === 6) break;
    }
    expect(latin1.decode(parts[1])).toBe('19 size=8589934592\n');
    expect(pulled).toBe(2);
    expect(cancelled).toBe(true);
  });

  it('frees a stream whose header cannot be written, and passes on what a stream fails with', async () => {
    let cancelled = false;
    const content = new ReadableStream<Uint8Array>({
      cancel: () => {
        cancelled = true;
      },
    });
    await expect(createTarWriter().stream({ name: '', size: 1 }, content).next()).rejects.toThrow('name');
    expect(cancelled).toBe(true);
    const reason = new Error('network');
    const failing = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.error(reason);
      },
    });
    const generator = createTarWriter().stream({ name: 'a', size: 1 }, failing);
    await generator.next();
    await expect(generator.next()).rejects.toBe(reason);
  });
});
