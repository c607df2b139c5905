import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { scanTar } from '@stowage/core';
import type { TarHeader } from '@stowage/core';
import { afterAll, describe, expect, it } from 'vitest';
import { makeCorpus } from '../fixtures/tar/corpus.ts';
import { hasGnuTar, listWithGnuTar, unpackWithGnuTar } from '../fixtures/tar/gnu-tar.ts';
import { readWithStowage } from '../fixtures/tar/listed-entry.ts';
import type { ListedEntry } from '../fixtures/tar/listed-entry.ts';
import { readWithNodeTar } from '../fixtures/tar/node-tar.ts';
import { python, readWithPython } from '../fixtures/tar/python-tar.ts';
import type { PythonListing } from '../fixtures/tar/python-tar.ts';

// Archives of every format, by every writer at hand, read by us and by everyone else, entry by entry.

const folder = mkdtempSync(join(tmpdir(), 'stowage-tar-'));
const paths = hasGnuTar && python !== undefined ? makeCorpus(folder) : [];
const corpus: readonly (readonly [string, string])[] = paths.map((path) => [basename(path, '.tar'), path]);
const byPython = new Map<string, PythonListing>();
if (paths.length > 0)
  for (const [i, listing] of readWithPython(paths).entries()) byPython.set(paths[i] ?? '', listing);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Where Python has another view, and why. */
const PYTHON_DIFFERS: readonly [RegExp, string][] = [
  [/^gnu-gnu-dump$/, 'takes the times of an incremental dump for the front of a name'],
  [/^gnu-posix-named$/, 'takes the stand-in for the name of a sparse file, where that is long'],
];

/** Sparse files, labels, dumps and sums of signed bytes are unknown to node-tar; it reads on after the end. */
const NOT_FOR_NODE_TAR = /sparse|named|label|dump|signed|concatenated|base-256|lies/;

/** What others do not tell, left out of ours. */
function without(entries: readonly ListedEntry[], ...keys: readonly (keyof ListedEntry)[]): object[] {
  return entries.map((entry) =>
    Object.fromEntries(Object.entries(entry).filter(([key]) => !keys.includes(key as keyof ListedEntry))),
  );
}

describe.runIf(paths.length > 0)('the corpus of tar archives', () => {
  it.each(corpus)('%s: GNU tar lists and unpacks the same', async (_name, path) => {
    const archive = readFileSync(path);
    const ours = await readWithStowage(archive);
    const { entries } = listWithGnuTar(path);
    expect(without(ours, 'sha256', 'xattrs')).toEqual(entries);
    const unpacked = mkdtempSync(join(folder, 'unpacked-'));
    unpackWithGnuTar(path, unpacked);
    for (const { name, sha256 } of ours) {
      if (sha256 === undefined) continue;
      const content = readFileSync(Buffer.concat([Buffer.from(`${unpacked}/`), Buffer.from(name, 'hex')]));
      expect([name, createHash('sha256').update(content).digest('hex')]).toEqual([name, sha256]);
    }
  });

  it.each(corpus.filter(([name]) => !PYTHON_DIFFERS.some(([pattern]) => pattern.test(name))))(
    '%s: Python reads the same',
    async (_name, path) => {
      const { entries, error } = byPython.get(path) ?? { entries: [], error: 'not asked' };
      expect(error).toBe(null);
      // The label of an archive is a member to Python, and the list of names of a dumped directory its content.
      const members = entries.filter(({ type }) => type !== 'V');
      expect(await readWithStowage(readFileSync(path))).toEqual(members);
    },
  );

  it.each(corpus.filter(([name]) => !NOT_FOR_NODE_TAR.test(name)))(
    '%s: node-tar reads the same',
    async (_name, path) => {
      const archive = readFileSync(path);
      const ours = await readWithStowage(archive);
      const theirs = await readWithNodeTar(archive);
      expect(theirs.length).toBe(ours.length);
      for (const [i, entry] of theirs.entries()) {
        const { xattrs: _, device: __, ...own } = ours[i] ?? entry;
        // Names are UTF-8 to it, whatever they are, and its times whole milliseconds, cut off.
        if (/e9|ff/.test(own.name + (own.linkname ?? ''))) continue;
        expect(Math.abs(own.mtime - entry.mtime)).toBeLessThanOrEqual(1);
        expect(own).toEqual({ ...entry, mtime: own.mtime });
      }
    },
  );

  it.each(corpus)(
    '%s: offsets, sizes and trailing bytes add up, in pieces of any size',
    async (_name, path) => {
      const archive = readFileSync(path);
      const whole = scan(archive, archive.length);
      const smallest = archive.length < 50_000 ? 1 : 7;
      for (const size of [smallest, 511, 513, 65_536]) expect(scan(archive, size)).toEqual(whole);
      const stored = createHash('sha256');
      for (const header of whole.headers) stored.update(storedOf(archive, header));
      expect(whole.sha256).toBe(stored.digest('hex'));
      expect(await readWithStowage(archive, 1000)).toEqual(await readWithStowage(archive));
    },
  );
});

function storedOf(archive: Uint8Array, { type, offset, size, sparse }: TarHeader): Uint8Array {
  return type === 'file'
    ? archive.subarray(offset, offset + (sparse?.storedSize ?? size))
    : new Uint8Array(0);
}

function scan(
  archive: Uint8Array,
  pieceSize: number,
): { readonly headers: readonly TarHeader[]; readonly sha256: string; readonly trailing: number } {
  const headers: TarHeader[] = [];
  const content = createHash('sha256');
  const scanner = scanTar({
    onEntry: (header) => headers.push(header),
    onContent: (bytes) => content.update(bytes),
  });
  for (let at = 0; at < archive.length; at += pieceSize) scanner.write(archive.subarray(at, at + pieceSize));
  scanner.end();
  return { headers, sha256: content.digest('hex'), trailing: scanner.trailingBytes };
}
