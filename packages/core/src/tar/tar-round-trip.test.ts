import type { Bytes } from '@stowage/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect } from '../stream/collect.ts';
import { readTar } from './read-tar.ts';
import { streamOf } from '../stream/stream-of.ts';
import type { TarHeader } from './tar-header.ts';
import { decodeTarText } from './tar-text.ts';
import { createTarWriter } from './tar-writer.ts';
import type { TarEntryInit } from './tar-writer.ts';
import { join, scan } from '../test-support/raw-tar.ts';

/** Text of any kind, bytes that are not UTF-8 too. */
function text(maxLength: number): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ minLength: 1, maxLength }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength }),
    fc.uint8Array({ minLength: 1, maxLength }).map((bytes) => decodeTarText(bytes)),
  );
}

const segment = text(60).filter((part) => !/[\0/]/.test(part));
const path = fc.array(segment, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/'));
const seconds = fc.oneof(
  fc.integer(),
  fc.integer().map((n) => n / 512),
);
const owner = fc.oneof(fc.integer({ min: 0, max: 0o7777777 }), fc.maxSafeNat());
const ownerName = fc.oneof(fc.constant('root'), text(40)).filter((name) => !name.includes('\0'));
const common = {
  name: path,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: owner,
  gid: owner,
  mtime: seconds,
};
const optional = {
  atime: seconds,
  ctime: seconds,
  uname: ownerName,
  gname: ownerName,
  xattrs: fc.dictionary(
    text(20).filter((key) => !/[=\0\t ]/.test(key)),
    text(300),
    { minKeys: 1, maxKeys: 3 },
  ),
};
const device = fc.integer({ min: 0, max: 0o7777777 });

function entryOf<T extends object>(more: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<
  TarEntryInit & T
> {
  const required = { ...common, ...more };
  return fc.record(
    { ...required, ...optional },
    { requiredKeys: Object.keys(required) as never[] },
  ) as fc.Arbitrary<TarEntryInit & T>;
}

const entries = fc.array(
  fc.oneof(
    entryOf({ type: fc.constant('file' as const), content: fc.uint8Array({ maxLength: 1100 }) }),
    entryOf({ type: fc.constantFrom('symlink' as const, 'hardlink' as const), linkname: path }),
    entryOf({ type: fc.constantFrom('char' as const, 'block' as const), devmajor: device, devminor: device }),
    entryOf({ type: fc.constantFrom('dir' as const, 'fifo' as const) }),
  ),
  { maxLength: 4 },
);
const pieces = fc.array(fc.integer({ min: 0, max: 1300 }), { maxLength: 12 });

interface Written {
  readonly archive: Bytes;
  readonly found: [TarHeader, Bytes][];
}

function write(inits: readonly (TarEntryInit & { readonly content?: Bytes })[]): Written {
  const writer = createTarWriter();
  const parts: Bytes[] = [];
  let offset = 0;
  const found = inits.map(({ content = new Uint8Array(0), ...init }): [TarHeader, Bytes] => {
    const entry = writer.entry(init, content);
    parts.push(...entry);
    offset += join(...entry).length;
    const name = init.type === 'dir' ? `${init.name}/` : init.name;
    const begin = offset - Math.ceil(content.length / 512) * 512;
    return [{ ...(init as TarHeader), name, size: content.length, offset: begin }, content];
  });
  return { archive: join(...parts, writer.end()), found };
}

function cut(archive: Bytes, sizes: readonly number[]): Bytes[] {
  const all: Bytes[] = [];
  let at = 0;
  for (const size of sizes) all.push(archive.slice(at, (at += size)));
  return [...all, archive.slice(at)];
}

describe('what the tar writer has written', () => {
  it('is what scanTar finds, in pieces of any size', () => {
    const latin1 = new TextDecoder('latin1');
    fc.assert(
      fc.property(entries, pieces, (inits, sizes) => {
        const { archive, found } = write(inits);
        expect(scan(archive, {}, sizes)).toEqual(
          found.map(([header, content]) => [header, latin1.decode(content)]),
        );
      }),
    );
  });

  it('is what readTar reads, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(entries, pieces, async (inits, sizes) => {
        const { archive, found } = write(inits);
        const read: [TarHeader, Bytes][] = [];
        for await (const { header, body } of streamOf(...cut(archive, sizes)).pipeThrough(readTar())) {
          read.push([header, await collect(body, { maxBytes: 2000 })]);
        }
        expect(read).toEqual(found);
      }),
    );
  });

  it('is written the same again from what was read', () => {
    fc.assert(
      fc.property(entries, (inits) => {
        const { archive, found } = write(inits);
        const again = write(
          scan(archive).map(([header], i) => ({ ...header, content: found[i]?.[1] ?? new Uint8Array(0) })),
        );
        expect(again.archive).toEqual(archive);
      }),
    );
  });
});
