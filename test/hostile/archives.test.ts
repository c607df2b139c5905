import { gzipSync } from 'node:zlib';
import { createTarWriter, streamOf } from '@stowage/core';
import type { TarEntryInit } from '@stowage/core';
import { openImageView, openLayerStore } from '@stowage/layer-store';
import type { ImageView, LayerLimits } from '@stowage/layer-store';
import { createMemoryStorage } from '@stowage/storage';
import { asDigest, isStowageError, MEDIA_TYPES } from '@stowage/types';
import type { Descriptor, Layer, LayerStore, Storage } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';

// Layers made to hurt whoever unpacks them. The rows are those of the table of past advisories in the security notes.

const MIB = 1 << 20;
const encoder = new TextEncoder();
const ANY: Descriptor = {
  mediaType: MEDIA_TYPES.ociLayerGzip,
  digest: asDigest(`sha256:${'0'.repeat(64)}`),
  size: 1,
};

let storage: Storage;

beforeEach(() => {
  storage = createMemoryStorage();
});

function tarOf(...entries: readonly (TarEntryInit & { readonly text?: string })[]): Buffer {
  const writer = createTarWriter();
  const parts = entries.flatMap(({ text = '', ...init }) => writer.entry(init, encoder.encode(text)));
  return Buffer.concat([...parts, writer.end()]);
}

/** A header block made by hand: what no good writer writes. */
function block(fields: Readonly<Record<number, string | Uint8Array>>): Buffer {
  const bytes = Buffer.concat(createTarWriter().entry({ name: 'file' }));
  for (const [at, value] of Object.entries(fields)) bytes.set(Buffer.from(value), Number(at));
  bytes.write('        ', 148);
  const sum = bytes.reduce((all, byte) => all + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** Many gzip members, each of 16 MiB of zeros in 16 KiB: a stream of any length, made in no time. */
function zeros(members: number): Uint8Array[] {
  const member = gzipSync(Buffer.alloc(16 * MIB));
  return new Array<Uint8Array>(members).fill(member);
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
  } catch (error) {
    return isStowageError(error) ? error.code : String(error);
  }
  return undefined;
}

/** How every way into the store answers to a layer. */
async function answers(tar: Uint8Array, limits: LayerLimits = {}): Promise<(string | undefined)[]> {
  const store = await openLayerStore({ storage, limits });
  const zipped = gzipSync(tar);
  const scan = await store.scan(ANY);
  const scanned = codeOf(
    (async () => {
      for (let at = 0; at < zipped.length; at += 999) await scan.write(zipped.subarray(at, at + 999));
      await scan.end();
    })(),
  );
  const ingest = await storage.content.ingest('blob');
  await ingest.write(zipped);
  const { digest, size } = await ingest.commit();
  const descriptor = { mediaType: MEDIA_TYPES.ociLayerGzip, digest, size };
  const codes = [
    await scanned,
    await codeOf(store.register(streamOf(tar))),
    await codeOf(store.register(streamOf(zipped))),
    await codeOf(store.registerBlob(descriptor)),
  ];
  if (codes.every((code) => code !== undefined)) await expectClean(store);
  return codes;
}

/** Nothing is registered or half done, and nobody holds a lock. */
async function expectClean(store: LayerStore, layers = 0): Promise<void> {
  expect((await store.map()).size).toBe(layers);
  for await (const { ref } of storage.content.ingests()) throw new Error(`left behind: ${ref}`);
  const lock = await storage.lock('layers', { signal: AbortSignal.timeout(10_000) });
  await lock[Symbol.asyncDispose]();
}

async function viewOf(...stack: readonly Uint8Array[]): Promise<ImageView> {
  const store = await openLayerStore({ storage });
  const layers: Layer[] = [];
  for (const tar of stack) layers.push(await store.register(streamOf(tar), layers.at(-1)?.chainId));
  return openImageView(layers);
}

/** How much more memory is in use after some work than before it, at its worst. */
async function growth(work: (sample: () => void) => Promise<unknown>): Promise<number> {
  const used = (): number => process.memoryUsage().rss;
  const before = used();
  let most = before;
  await work(() => {
    most = Math.max(most, used());
  });
  return Math.max(most, used()) - before;
}

describe('row 5 (CVE-2017-14992): a small layer that inflates without end', () => {
  it('is given up at the limit on bytes, and leaves nothing behind', async () => {
    const store = await openLayerStore({ storage, limits: { maxLayerBytes: MIB } });
    const bomb = gzipSync(Buffer.alloc(64 * MIB));
    expect(bomb.length).toBeLessThan(MIB);
    const scan = await store.scan(ANY);
    expect(await codeOf(scan.write(bomb))).toBe('LIMIT_EXCEEDED');
    expect(await codeOf(scan.end())).toBe('LIMIT_EXCEEDED');
    expect(await codeOf(store.register(streamOf(bomb)))).toBe('LIMIT_EXCEEDED');
    await expectClean(store);
  });

  it('is given up at the limit on the ratio', async () => {
    const store = await openLayerStore({ storage, limits: { maxRatio: 100 } });
    expect(await codeOf(store.register(streamOf(...zeros(4))))).toBe('LIMIT_EXCEEDED');
    await expectClean(store);
  });

  it('takes no memory while it is read to its end, as padding behind the archive', async () => {
    const store = await openLayerStore({ storage });
    const used = await growth(async (sample) => {
      const scan = await store.scan(ANY);
      await scan.write(gzipSync(tarOf({ name: 'a', text: 'a' })));
      for (const member of zeros(48)) {
        await scan.write(member);
        sample();
      }
      const { diffSize } = await scan.end();
      expect(diffSize).toBeGreaterThan(768 * MIB);
    });
    expect(used).toBeLessThan(128 * MIB);
  });

  it('takes no memory for what a header only promises', async () => {
    const promise = block({ 124: '77777777777\0' });
    expect(await answers(promise)).toEqual(new Array(4).fill('INVALID_ARCHIVE'));
  });
});

describe('row 11 (CVE-2021-20291): a layer that makes the decompressor end early', () => {
  const good = tarOf({ name: 'a', text: 'a'.repeat(2000) });
  const zipped = gzipSync(good);

  it.each([
    ['cut in its header', zipped.subarray(0, 5)],
    ['cut in its middle', zipped.subarray(0, zipped.length - 20)],
    ['cut in its trailer', zipped.subarray(0, zipped.length - 3)],
    ['with a tail of text', Buffer.concat([zipped, encoder.encode('garbage')])],
    [
      'with a member that is none',
      Buffer.concat([zipped, zipped.subarray(0, 12), encoder.encode('x'.repeat(99))]),
    ],
    ['with a wrong sum', Buffer.concat([zipped.subarray(0, -8), Buffer.alloc(8, 1)])],
  ])('fails when it is %s, and frees the lock, the ingest and the parent', async (_what, bytes) => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(tarOf({ name: 'base' })));
    for (const pieces of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
      expect(await codeOf(store.register(streamOf(...pieces), base.chainId))).toBe('INVALID_ARCHIVE');
    }
    await expectClean(store, 1);
    const next = await store.register(streamOf(zipped), base.chainId);
    expect((await store.release(next)).length).toBe(1);
    expect((await store.release(base)).length).toBe(1);
  });

  it('fails when its source does, and frees the same', async () => {
    const store = await openLayerStore({ storage });
    const base = await store.register(streamOf(tarOf({ name: 'base' })));
    const reason = new Error('connection reset');
    let pulled = 0;
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled++;
        if (pulled === 1) controller.enqueue(zipped.subarray(0, 20));
        else controller.error(reason);
      },
    });
    await expect(store.register(broken, base.chainId)).rejects.toBe(reason);
    await expectClean(store, 1);
    expect((await store.release(base)).length).toBe(1);
  });
});

describe('row 12 (CVE-2021-29136): an entry that takes the place of the root', () => {
  const names = ['.', '/', './', '//', './.', 'a/..', '..', '../..'];
  const types = ['symlink', 'hardlink', 'file', 'fifo', 'char', 'block'] as const;

  it.each(types)('is refused when it is a %s, whatever it is called', async (type) => {
    for (const name of names) {
      const tar =
        type === 'file'
          ? block({ 0: name.padEnd(8, '\0') })
          : tarOf({ name, type, ...(type.endsWith('link') ? { linkname: '/tmp' } : {}) });
      expect([name, await answers(tar)]).toEqual([name, new Array(4).fill('INVALID_ARCHIVE')]);
    }
  });

  it('is fine when it is a directory', async () => {
    for (const name of names) {
      const tar = tarOf({ name, type: 'dir', mode: 0o711 }, { name: 'etc/motd', text: 'hello' });
      const view = await viewOf(tar);
      expect([...view.walk()].map(({ path }) => path)).toEqual(['etc', 'etc/motd']);
      expect(view.stat('/').mode).toBe(0o711);
    }
  });

  it('cannot be made by names that climb', async () => {
    const view = await viewOf(
      tarOf({ name: '../../etc/passwd', text: 'in the image' }, { name: '/../x/../y' }),
    );
    expect([...view.walk()].map(({ path }) => path)).toEqual(['etc', 'etc/passwd', 'y']);
  });
});

describe('row 20 (CVE-2024-9676): a link of the image that leads to a file of the host', () => {
  const outside = [
    '/etc/hostname',
    '../../../../../../../../etc/hostname',
    '/proc/self/environ',
    '/dev/null',
    '//etc/hostname',
  ];

  it.each(outside)('finds nothing at %s unless the image has it', async (linkname) => {
    const view = await viewOf(
      tarOf(
        { name: 'etc/passwd', type: 'symlink', linkname },
        { name: 'hard', type: 'hardlink', linkname },
        { name: 'dir', type: 'symlink', linkname: linkname.slice(0, linkname.lastIndexOf('/')) || '/' },
      ),
    );
    for (const path of ['etc/passwd', 'hard', `dir/${linkname.slice(linkname.lastIndexOf('/') + 1)}`]) {
      expect([path, await codeOf(view.readFile(path))]).toEqual([path, 'NOT_FOUND']);
    }
    const inside = await viewOf(
      tarOf(
        { name: linkname.replaceAll('../', ''), text: 'of the image' },
        { name: 'passwd', type: 'symlink', linkname },
        { name: 'hard', type: 'hardlink', linkname },
      ),
    );
    for (const path of ['passwd', 'hard', '/../../passwd']) {
      const text = await new Response(await inside.readFile(path)).text();
      expect([path, text]).toEqual([path, 'of the image']);
    }
  });

  it('ends in a loop, or after forty links, in bounded time', async () => {
    const long = Array.from({ length: 50 }, (_, n) => ({
      name: `link${String(n)}`,
      type: 'symlink' as const,
      linkname: `link${String(n + 1)}`,
    }));
    const view = await viewOf(
      tarOf(
        { name: 'self', type: 'symlink', linkname: 'self' },
        { name: 'a', type: 'symlink', linkname: 'b/c' },
        { name: 'b', type: 'symlink', linkname: '/a/../a' },
        ...long,
      ),
    );
    for (const path of ['self', 'self/x', 'a', 'b', 'link0']) {
      expect([path, await codeOf(view.readFile(path))]).toEqual([path, 'INVALID_ARGUMENT']);
    }
  });

  it('does not lead whiteouts or entries of an upper layer out either', async () => {
    const view = await viewOf(
      tarOf(
        { name: 'out', type: 'symlink', linkname: '../../..' },
        { name: 'etc/hostname', text: 'of the image' },
      ),
      tarOf({ name: 'out/etc/.wh.hostname' }, { name: 'out/etc/added', text: 'inside' }),
    );
    expect([...view.walk()].map(({ path }) => path)).toEqual(['etc', 'etc/added', 'out']);
  });
});

describe('row 41 (GO-2022-1037, GO-2025-4014, GO-2026-4869): headers that ask for too much', () => {
  const octal = (size: number): string => `${size.toString(8).padStart(11, '0')}\0`;
  const padded = (data: string): Buffer => {
    const bytes = Buffer.alloc(Math.ceil(data.length / 512) * 512);
    bytes.write(data, 'latin1');
    return bytes;
  };
  const pax = (data: string, flag = 'x'): Buffer =>
    Buffer.concat([block({ 124: octal(data.length), 156: flag }), padded(data)]);
  const record = (key: string, value: string): string => {
    const rest = key.length + value.length + 3;
    const length = [1, 2, 3, 4, 5, 6, 7]
      .map((digits) => rest + digits)
      .find((n, i) => String(n).length === i + 1);
    return `${String(length)} ${key}=${value}\n`;
  };
  const file = tarOf({ name: 'file' });
  const long = 'v'.repeat(MIB);

  it.each<[string, string, Buffer]>([
    ['a pax header over 1 MiB', 'LIMIT_EXCEEDED', Buffer.concat([pax(record('comment', long)), file])],
    [
      'a pax header of the archive over 1 MiB',
      'LIMIT_EXCEEDED',
      Buffer.concat([pax(record('a', long), 'g'), file]),
    ],
    [
      'a pax header that only says that it is large',
      'LIMIT_EXCEEDED',
      block({ 124: '77777777777\0', 156: 'x' }),
    ],
    ['a GNU long name over 1 MiB', 'LIMIT_EXCEEDED', Buffer.concat([pax(`${long}v`, 'L'), file])],
    [
      'a path longer than any system takes',
      'LIMIT_EXCEEDED',
      Buffer.concat([pax(`${'n/'.repeat(2048)}n`, 'L'), file]),
    ],
    ['a negative size in base 256', 'INVALID_ARCHIVE', block({ 124: Buffer.alloc(12, 0xff) })],
    [
      'a size in base 256 beyond counting',
      'INVALID_ARCHIVE',
      block({ 124: Buffer.alloc(12, 0x7f).fill(0xbf, 0, 1) }),
    ],
    [
      'a negative size in a pax record',
      'INVALID_ARCHIVE',
      Buffer.concat([pax(record('size', '-512')), file]),
    ],
    [
      'a size in a pax record beyond counting',
      'INVALID_ARCHIVE',
      Buffer.concat([pax(record('size', '9'.repeat(20))), file]),
    ],
    ['a size that is no number', 'INVALID_ARCHIVE', Buffer.concat([pax(record('size', '0x10')), file])],
    ['digits that are not octal', 'INVALID_ARCHIVE', block({ 124: '00000000008\0' })],
    ['a pax record that leaves its header', 'INVALID_ARCHIVE', Buffer.concat([pax('999 path=a\n'), file])],
    ['a GNU sparse map in another format', 'INVALID_ARCHIVE', Buffer.concat([block({ 156: 'S' }), file])],
    [
      'a pax sparse map of no file size',
      'INVALID_ARCHIVE',
      Buffer.concat([pax(record('GNU.sparse.map', '0,1,2,3')), file]),
    ],
  ])('refuses %s', async (_what, code, tar) => {
    expect(await answers(tar)).toEqual(new Array(4).fill(code));
  });

  it('accepts what is just within the limits', async () => {
    const overhead = record('comment', long).length - MIB;
    const full = pax(record('comment', 'v'.repeat(MIB - overhead)));
    expect(await answers(Buffer.concat([full, file]))).toEqual(new Array(4).fill(undefined));
  });

  it('bounds entries, and what attributes of the archive cost when every entry gets them', async () => {
    const many = Buffer.concat([...new Array<Buffer>(101).fill(block({})), Buffer.alloc(1024)]);
    expect(await answers(many, { tar: { maxEntries: 100 } })).toEqual(new Array(4).fill('LIMIT_EXCEEDED'));
    const attributes = Array.from({ length: 500 }, (_, n) =>
      record(`SCHILY.xattr.user.${String(n)}`, 'v'.repeat(1000)),
    );
    const shared = Buffer.concat([pax(attributes.join(''), 'g'), ...new Array<Buffer>(600).fill(block({}))]);
    expect(await answers(shared)).toEqual(new Array(4).fill('LIMIT_EXCEEDED'));
  });
});
