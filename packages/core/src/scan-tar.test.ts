import { isStowageError } from '@stowage/types';
import type { Bytes, ErrorCode } from '@stowage/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanTar } from './scan-tar.ts';
import type { TarLimits } from './scan-tar.ts';
import type { TarHeader } from './tar-header.ts';
import { createTarWriter } from './tar-writer.ts';

const encoder = new TextEncoder();
const END = new Uint8Array(1024);

interface RawBlock {
  readonly name?: string | Bytes;
  readonly flag?: string;
  readonly size?: string | Bytes;
  readonly mtime?: string | Bytes;
  readonly uid?: string | Bytes;
  readonly linkname?: string;
  readonly magic?: string;
  readonly prefix?: string;
  readonly tail?: string;
  readonly signed?: boolean;
}

/** A header block made by hand, so that what no good writer writes can be tried too. */
function block(raw: RawBlock): Bytes {
  const bytes = new Uint8Array(512);
  const put = (at: number, value: string | Bytes): void => {
    bytes.set(typeof value === 'string' ? encoder.encode(value) : value, at);
  };
  put(0, raw.name ?? 'file');
  put(100, '0000644\0');
  put(108, raw.uid ?? '0000000\0');
  put(116, '0000000\0');
  put(124, raw.size ?? '00000000000\0');
  put(136, raw.mtime ?? '00000000000\0');
  put(148, '        ');
  put(156, raw.flag ?? '0');
  put(157, raw.linkname ?? '');
  put(257, raw.magic ?? 'ustar\x0000');
  put(345, raw.prefix ?? '');
  put(508, raw.tail ?? '');
  const sum = bytes.reduce((all, byte) => all + (raw.signed === true && byte > 127 ? byte - 256 : byte), 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return bytes;
}

function octal(size: number): string {
  return `${size.toString(8).padStart(11, '0')}\0`;
}

function padded(content: Bytes): Bytes {
  const bytes = new Uint8Array(Math.ceil(content.length / 512) * 512);
  bytes.set(content);
  return bytes;
}

function extension(flag: string, data: string | Bytes): Bytes {
  const content = typeof data === 'string' ? encoder.encode(data) : data;
  return join(block({ name: 'extension', flag, size: octal(content.length) }), padded(content));
}

function pax(...records: (readonly [string, string])[]): string {
  return records
    .map(([key, value]) => {
      const rest = encoder.encode(` ${key}=${value}\n`).length;
      const length = [1, 2, 3, 4, 5, 6]
        .map((digits) => rest + digits)
        .find((n, i) => String(n).length === i + 1);
      return `${String(length)} ${key}=${value}\n`;
    })
    .join('');
}

function join(...parts: readonly Bytes[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return bytes;
}

function scan(archive: Bytes, limits?: TarLimits, pieces: readonly number[] = []): [TarHeader, string][] {
  const found: [TarHeader, string][] = [];
  const decoder = new TextDecoder('latin1');
  const scanner = scanTar({
    onEntry: (header) => found.push([header, '']),
    onContent: (bytes, header) => {
      const last = found.at(-1);
      if (last?.[0] !== header) throw new Error('content of another entry');
      last[1] += decoder.decode(bytes);
    },
    limits,
  });
  let at = 0;
  for (const piece of pieces) {
    scanner.write(archive.subarray(at, at + piece));
    at += piece;
  }
  scanner.write(archive.subarray(at));
  scanner.end();
  return found;
}

function names(archive: Bytes): string[] {
  return scan(archive).map(([header]) => header.name);
}

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work();
  } catch (error) {
    return isStowageError(error) ? error.code : undefined;
  }
  return undefined;
}

describe('scanTar', () => {
  it('reads a ustar entry with its content and its place', () => {
    const archive = join(block({ name: 'a', size: octal(5) }), padded(encoder.encode('hello')), END);
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
      extension('x', pax(['path', 'long/name'], ['SCHILY.xattr.user.a', 'b'])),
      block({ size: octal(700) }),
      padded(new Uint8Array(700).fill(120)),
      extension('L', 'other\0'),
      block({ flag: '5' }),
      END,
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
    const flags = ['0', '1', '2', '3', '4', '5', '6', '7', '\0'];
    const archive = join(
      ...flags.flatMap((flag) => {
        const isFile = flag === '0' || flag === '7' || flag === '\0';
        const header = block({ flag, linkname: 'to', size: octal(3) });
        return isFile ? [header, padded(encoder.encode('abc'))] : [header];
      }),
      END,
    );
    const found = scan(archive);
    expect(found.map(([header]) => header.type)).toEqual([
      'file',
      'hardlink',
      'symlink',
      'char',
      'block',
      'dir',
      'fifo',
      'file',
      'file',
    ]);
    expect(found.map(([header]) => header.size)).toEqual([3, 0, 0, 0, 0, 0, 0, 3, 3]);
    expect(found.map(([header]) => header.linkname)).toEqual(
      flags.map((flag) => (flag === '1' || flag === '2' ? 'to' : undefined)),
    );
    expect(found.map(([header]) => header.devmajor)).toEqual(
      flags.map((flag) => (flag === '3' || flag === '4' ? 0 : undefined)),
    );
  });

  it('takes the slash of a v7 entry for a directory, and only there', () => {
    const archive = join(block({ name: 'd/', flag: '\0' }), block({ name: 'f/', flag: '0' }), END);
    expect(scan(archive).map(([header]) => header.type)).toEqual(['dir', 'file']);
  });

  it('joins the prefix of ustar and star, not what GNU keeps in its place', () => {
    const archive = join(
      block({ name: 'n', prefix: 'p/q' }),
      block({ name: 'n', prefix: 'p', magic: 'ustar  \0' }),
      block({ name: 'n', prefix: 'p', magic: '' }),
      block({ name: 'n', prefix: 'p'.repeat(131) + '12345678901\0', tail: 'tar\0' }),
      END,
    );
    expect(names(archive)).toEqual(['p/q/n', 'n', 'n', `${'p'.repeat(131)}/n`]);
  });

  it('reads GNU long names and links', () => {
    const long = 'd/'.repeat(100);
    const archive = join(
      extension('L', `${long}name\0`),
      extension('K', `${long}link\0`),
      block({ flag: '2', linkname: 'short' }),
      block({ name: 'next' }),
      END,
    );
    const found = scan(archive).map(([header]) => [header.name, header.linkname]);
    expect(found).toEqual([
      [`${long}name`, `${long}link`],
      ['next', undefined],
    ]);
  });

  it('reads numbers in base 256, negative ones too', () => {
    const big = new Uint8Array([0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1]);
    const negative = new Uint8Array(12).fill(0xff);
    const uid = new Uint8Array([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    const [[header] = []] = scan(join(block({ flag: '5', size: big, mtime: negative, uid }), END));
    expect(header?.mtime).toBe(-1);
    expect(header?.uid).toBe(0xffffffff);
    const scanner = scanTar({
      onEntry: ({ size }) => {
        expect(size).toBe(2 * 2 ** 32 + 1);
      },
    });
    scanner.write(block({ size: big }));
  });

  it('reads octal with blanks around it', () => {
    const found = scan(join(block({ uid: '   123 \0', mtime: '         7  ' }), END));
    expect(found[0]?.[0].uid).toBe(0o123);
    expect(found[0]?.[0].mtime).toBe(7);
  });

  it('applies pax records of an entry before those of the archive, and both before the header', () => {
    const archive = join(
      extension('g', pax(['uid', '1'], ['gid', '2'], ['SCHILY.xattr.user.g', 'global'])),
      extension('x', pax(['uid', '3'], ['mtime', '12.5'], ['size', '4'], ['comment', 'none'])),
      block({ mtime: octal(9) }),
      padded(encoder.encode('data')),
      extension('x', pax(['gid', ''], ['SCHILY.xattr.user.g', ''])),
      block({ mtime: octal(9) }),
      extension('g', pax(['uid', ''])),
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

  it('keeps an attribute named __proto__ as an attribute', () => {
    const archive = join(extension('x', pax(['SCHILY.xattr.__proto__', 'x'])), block({}), END);
    const xattrs = scan(archive)[0]?.[0].xattrs ?? {};
    expect(Object.entries(xattrs)).toEqual([['__proto__', 'x']]);
  });

  it('keeps names apart that are not UTF-8', () => {
    const archive = join(
      block({ name: new Uint8Array([0x61, 0xff]) }),
      block({ name: new Uint8Array([0x61, 0xfe]) }),
      block({ name: 'é' }),
      block({ name: new Uint8Array([0xef, 0xbb, 0xbf, 0x61]) }),
      END,
    );
    expect(names(archive)).toEqual(['a\u00ff', 'a\u00fe', 'é', '\ufeffa']);
  });

  it('accepts a checksum of signed bytes', () => {
    expect(names(join(block({ name: 'é', signed: true }), END))).toEqual(['é']);
  });

  it('ends at two zero blocks and ignores what follows', () => {
    const archive = join(block({ name: 'a' }), END, encoder.encode('anything at all'), block({ name: 'b' }));
    expect(names(archive)).toEqual(['a']);
  });

  it('accepts an archive without its end marker, half of it, and no bytes at all', () => {
    expect(names(block({ name: 'a' }))).toEqual(['a']);
    expect(names(join(block({ name: 'a' }), END.subarray(512)))).toEqual(['a']);
    expect(names(new Uint8Array(0))).toEqual([]);
    expect(names(END)).toEqual([]);
  });

  it.each<[string, ErrorCode, Bytes]>([
    ['a cut header', 'INVALID_ARCHIVE', block({}).subarray(0, 511)],
    ['cut content', 'INVALID_ARCHIVE', join(block({ size: octal(10) }), new Uint8Array(9))],
    ['cut padding', 'INVALID_ARCHIVE', join(block({ size: octal(10) }), new Uint8Array(511))],
    ['a cut extension', 'INVALID_ARCHIVE', block({ flag: 'x', size: octal(10) })],
    ['an extension without an entry', 'INVALID_ARCHIVE', join(extension('x', pax(['path', 'a'])), END)],
    ['a long name without an entry', 'INVALID_ARCHIVE', extension('L', 'a\0')],
    ['a lone zero block', 'INVALID_ARCHIVE', join(block({}), new Uint8Array(512), block({}))],
    ['a wrong checksum', 'INVALID_ARCHIVE', join(block({}).fill(65, 0, 1), END)],
    ['no header at all', 'INVALID_ARCHIVE', encoder.encode('not a tar'.repeat(100))],
    ['a malformed size', 'INVALID_ARCHIVE', block({ size: '0000000009x\0' })],
    ['text after a number', 'INVALID_ARCHIVE', block({ size: '000000 0001\0' })],
    ['a negative size', 'INVALID_ARCHIVE', block({ size: new Uint8Array(12).fill(0xff) })],
    [
      'a size beyond counting',
      'INVALID_ARCHIVE',
      block({ size: new Uint8Array(12).fill(0x7f).fill(0x81, 0, 1) }),
    ],
    ['a negative pax size', 'INVALID_ARCHIVE', join(extension('x', pax(['size', '-1'])), block({}))],
    ['a pax size of no number', 'INVALID_ARCHIVE', join(extension('x', pax(['size', 'NaN'])), block({}))],
    ['a huge pax size', 'INVALID_ARCHIVE', join(extension('x', pax(['size', '9'.repeat(19)])), block({}))],
    ['a malformed pax time', 'INVALID_ARCHIVE', join(extension('x', pax(['mtime', '1e9'])), block({}))],
    ['NUL in a pax path', 'INVALID_ARCHIVE', extension('x', pax(['path', 'a\0b']))],
    ['a pax record without length', 'INVALID_ARCHIVE', extension('x', 'path=a\n')],
    ['a pax record too long', 'INVALID_ARCHIVE', extension('x', '99 path=a\n')],
    ['a pax record too short', 'INVALID_ARCHIVE', extension('x', '5 path=a\n')],
    ['a pax record without key', 'INVALID_ARCHIVE', extension('x', '5 =a\n')],
    ['a pax record without end', 'INVALID_ARCHIVE', extension('x', '9 path=ab')],
    ['two pax headers', 'INVALID_ARCHIVE', join(extension('x', ''), extension('x', ''), block({}))],
    ['two long names', 'INVALID_ARCHIVE', join(extension('L', 'a'), extension('L', 'b'), block({}))],
    ['two long links', 'INVALID_ARCHIVE', join(extension('K', 'a'), extension('K', 'b'), block({}))],
    ['a GNU sparse file', 'UNSUPPORTED', block({ flag: 'S', magic: 'ustar  \0' })],
    ['a pax sparse file', 'UNSUPPORTED', extension('x', pax(['GNU.sparse.major', '1']))],
    ['a kind that nobody knows', 'UNSUPPORTED', block({ flag: 'V' })],
    ['a pax header over 1 MiB', 'LIMIT_EXCEEDED', block({ flag: 'x', size: octal((1 << 20) + 1) })],
    ['a long name over 1 MiB', 'LIMIT_EXCEEDED', block({ flag: 'L', size: octal((1 << 20) + 1) })],
    ['a name over 4096', 'LIMIT_EXCEEDED', join(extension('L', 'n'.repeat(4097)), block({}))],
    ['a link over 4096', 'LIMIT_EXCEEDED', join(extension('K', 'n'.repeat(4097)), block({ flag: '2' }))],
  ])('refuses %s', (_what, code, archive) => {
    expect(codeOf(() => scan(archive))).toBe(code);
    expect(codeOf(() => scan(archive, {}, new Array<number>(archive.length - 1).fill(1)))).toBe(code);
  });

  it('says in moby’s words which kind it cannot handle', () => {
    expect(() => scan(block({ flag: 'V' }))).toThrow('unhandled tar header type 86');
  });

  it('bounds entries and text', () => {
    const archive = join(block({ name: 'abc' }), block({ name: 'def' }), END);
    expect(codeOf(() => scan(archive, { maxEntries: 1 }))).toBe('LIMIT_EXCEEDED');
    expect(codeOf(() => scan(archive, { maxEntries: 2, maxNameLength: undefined }))).toBe(undefined);
    expect(codeOf(() => scan(archive, { maxTotalText: 5 }))).toBe('LIMIT_EXCEEDED');
    expect(codeOf(() => scan(archive, { maxTotalText: 6 }))).toBe(undefined);
    expect(codeOf(() => scan(archive, { maxNameLength: 2 }))).toBe('LIMIT_EXCEEDED');
  });

  it('counts attributes of the archive for each entry that gets them', () => {
    const attribute = pax(['SCHILY.xattr.user.a', 'v'.repeat(100)]);
    const archive = join(extension('g', attribute), ...new Array<Bytes>(9).fill(block({})), END);
    expect(codeOf(() => scan(archive, { maxTotalText: 900 }))).toBe('LIMIT_EXCEEDED');
    expect(codeOf(() => scan(archive, { maxTotalText: 2000 }))).toBe(undefined);
    expect(codeOf(() => scan(extension('g', attribute), { maxTotalText: 99 }))).toBe('LIMIT_EXCEEDED');
  });

  it('takes nothing more after it has failed, ended, or while it calls back', () => {
    const failed = scanTar({ onEntry: () => undefined });
    expect(() => {
      failed.write(encoder.encode('x'.repeat(512)));
    }).toThrow('invalid tar header');
    expect(
      codeOf(() => {
        failed.write(END);
      }),
    ).toBe('INVALID_ARGUMENT');
    const ended = scanTar({ onEntry: () => undefined });
    ended.end();
    expect(
      codeOf(() => {
        ended.write(END);
      }),
    ).toBe('INVALID_ARGUMENT');
    const nested = scanTar({
      onEntry: () => {
        nested.write(END);
      },
    });
    expect(
      codeOf(() => {
        nested.write(block({}));
      }),
    ).toBe('INVALID_ARGUMENT');
  });

  it('reads what the writer wrote, for any pieces', () => {
    const segment = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
      .filter((s) => !/[\0/]/.test(s));
    const name = fc.array(segment, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/'));
    const common = {
      name,
      mode: fc.integer({ min: 0, max: 0o7777 }),
      uid: fc.oneof(fc.integer({ min: 0, max: 0o7777777 }), fc.maxSafeNat()),
      gid: fc.oneof(fc.integer({ min: 0, max: 0o7777777 }), fc.maxSafeNat()),
      mtime: fc.oneof(
        fc.integer(),
        fc.integer().map((n) => n / 512),
      ),
      xattrs: fc.dictionary(
        fc.string({ minLength: 1 }).filter((key) => !key.includes('=')),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        { minKeys: 1, maxKeys: 3 },
      ),
    };
    const entry = fc.oneof(
      fc.record(
        {
          type: fc.constant('file' as const),
          content: fc.uint8Array({ minLength: 1, maxLength: 1100 }),
          ...common,
        },
        { requiredKeys: ['type', 'name', 'mode', 'uid', 'gid', 'mtime', 'content'] },
      ),
      fc.record(
        { type: fc.constantFrom('symlink' as const, 'hardlink' as const), linkname: name, ...common },
        { requiredKeys: ['type', 'name', 'mode', 'uid', 'gid', 'mtime', 'linkname'] },
      ),
      fc.record(
        {
          type: fc.constantFrom('char' as const, 'block' as const),
          devmajor: fc.integer({ min: 0, max: 0o7777777 }),
          devminor: fc.integer({ min: 0, max: 0o7777777 }),
          ...common,
        },
        { requiredKeys: ['type', 'name', 'mode', 'uid', 'gid', 'mtime', 'devmajor', 'devminor'] },
      ),
      fc.record(
        { type: fc.constantFrom('dir' as const, 'fifo' as const), ...common },
        { requiredKeys: ['type', 'name', 'mode', 'uid', 'gid', 'mtime'] },
      ),
    );
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 4 }),
        fc.array(fc.integer({ min: 0, max: 1300 }), { maxLength: 12 }),
        (entries, pieces) => {
          const writer = createTarWriter();
          const parts: Bytes[] = [];
          const wanted = entries.map((init) => {
            const { content, ...header } = { content: new Uint8Array(0), ...init };
            parts.push(...writer.entry(header, content));
            const offset =
              parts.reduce((sum, part) => sum + part.length, 0) - Math.ceil(content.length / 512) * 512;
            const written =
              header.type === 'dir' && !header.name.endsWith('/') ? `${header.name}/` : header.name;
            return [
              { ...header, name: written, size: content.length, offset },
              new TextDecoder('latin1').decode(content),
            ];
          });
          parts.push(writer.end());
          expect(scan(join(...parts), {}, pieces)).toEqual(wanted);
        },
      ),
    );
  });
});
