import { execFileSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scanTar } from './scan-tar.ts';
import type { TarHeader } from './tar-header.ts';
import { createTarWriter } from './tar-writer.ts';

const LONG = `${'long-directory-name/'.repeat(9)}${'n'.repeat(120)}`;
let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'stowage-tar-'));
  const tree = join(root, 'tree');
  mkdirSync(join(tree, LONG, '..'), { recursive: true });
  writeFileSync(join(tree, LONG), 'long');
  writeFileSync(join(tree, 'file'), 'content '.repeat(200), { mode: 0o640 });
  writeFileSync(join(tree, 'empty'), '');
  writeFileSync(join(tree, 'ünïcode ☃'), 'snow');
  linkSync(join(tree, 'file'), join(tree, 'hard'));
  symlinkSync('file', join(tree, 'soft'));
  symlinkSync(LONG, join(tree, 'soft-long'));
  execFileSync('mkfifo', [join(tree, 'fifo')]);
  utimesSync(join(tree, 'file'), 1_600_000_000.25, 1_600_000_000.25);
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function scan(archive: Uint8Array): Map<string, TarHeader & { content: string }> {
  const found = new Map<string, TarHeader & { content: string }>();
  const decoder = new TextDecoder();
  const scanner = scanTar({
    onEntry: (header) => {
      const content = decoder.decode(archive.subarray(header.offset, header.offset + header.size));
      found.set(header.name.replace(/\/$/, ''), { ...header, content });
    },
  });
  scanner.write(archive);
  scanner.end();
  return found;
}

function tar(...args: readonly string[]): Buffer {
  return execFileSync('tar', args, {
    maxBuffer: 1 << 26,
    env: { ...process.env, LC_ALL: 'C.UTF-8', TAR_OPTIONS: '' },
  });
}

// Other tars know neither these formats nor these options.
const isGnuTar = execFileSync('tar', ['--version']).includes('GNU tar');

describe.runIf(isGnuTar)('scanTar and createTarWriter beside GNU tar', () => {
  it.each(['gnu', 'pax', 'posix'])('reads a tree that it wrote in %s format', (format) => {
    const archive = tar('-c', `--format=${format}`, '--sort=name', '-C', join(root, 'tree'), '.');
    const found = scan(archive);
    const listed = tar('-t', '-f', writeArchive('listed.tar', archive), '--quoting-style=literal');
    const listing = listed.toString().trimEnd().split('\n');
    expect([...found.keys()]).toEqual(listing.map((name) => name.replace(/\/$/, '')));

    for (const [name, entry] of found) {
      const stat = lstatSync(join(root, 'tree', name));
      expect([name, entry.mode]).toEqual([name, stat.mode & 0o7777]);
      expect([name, entry.uid, entry.gid]).toEqual([name, stat.uid, stat.gid]);
      const mtime = format === 'gnu' ? Math.floor(stat.mtimeMs / 1000) : stat.mtimeMs / 1000;
      expect(entry.mtime).toBeCloseTo(mtime, 3);
      if (entry.type === 'file') expect(entry.content).toBe(readFileSync(join(root, 'tree', name), 'utf8'));
      if (entry.type === 'symlink') expect(entry.linkname).toBe(readlinkSync(join(root, 'tree', name)));
    }
    expect(found.get(`./${LONG}`)?.content).toBe('long');
    expect(found.get('./ünïcode ☃')?.content).toBe('snow');
    expect(found.get('./hard')).toMatchObject({ type: 'hardlink', linkname: './file', size: 0 });
    expect(found.get('./fifo')?.type).toBe('fifo');
    expect(found.get('./tree')).toBe(undefined);
    expect(found.get('.')?.type).toBe('dir');
  });

  it('reads v7 and ustar', () => {
    for (const format of ['v7', 'ustar']) {
      const archive = tar('-c', `--format=${format}`, '-C', join(root, 'tree'), 'file', 'empty', 'soft');
      expect([...scan(archive)].map(([name, { type }]) => [name, type])).toEqual([
        ['file', 'file'],
        ['empty', 'file'],
        ['soft', 'symlink'],
      ]);
    }
  });

  it('writes what it can list and unpack', () => {
    const writer = createTarWriter();
    const encoder = new TextEncoder();
    const archive = Buffer.concat([
      ...writer.entry({ name: 'out', type: 'dir', mtime: 1_000_000_000 }),
      ...writer.entry({ name: `out/${LONG}`, mtime: 1_234_567_890.5, mode: 0o600 }, encoder.encode('deep')),
      ...writer.entry({ name: `out/${'p'.repeat(90)}/file` }, encoder.encode('prefix')),
      ...writer.entry({ name: 'out/ünïcode ☃' }, encoder.encode('snow')),
      ...writer.entry({ name: 'out/soft', type: 'symlink', linkname: LONG }),
      ...writer.entry({ name: 'out/hard', type: 'hardlink', linkname: 'out/ünïcode ☃' }),
      ...writer.entry({ name: 'out/fifo', type: 'fifo' }),
      writer.end(),
    ]);
    const file = writeArchive('written.tar', archive);
    expect(tar('-t', '-f', file, '--quoting-style=literal').toString().trimEnd().split('\n')).toEqual([
      'out/',
      `out/${LONG}`,
      `out/${'p'.repeat(90)}/file`,
      'out/ünïcode ☃',
      'out/soft',
      'out/hard',
      'out/fifo',
    ]);
    tar('-x', '-f', file, '-C', root);
    const at = (name: string): string => join(root, 'out', name);
    expect(readFileSync(at(LONG), 'utf8')).toBe('deep');
    expect(lstatSync(at(LONG)).mtimeMs).toBe(1_234_567_890_500);
    expect(lstatSync(at(LONG)).mode & 0o777).toBe(0o600);
    expect(readFileSync(at(`${'p'.repeat(90)}/file`), 'utf8')).toBe('prefix');
    expect(readlinkSync(at('soft'))).toBe(LONG);
    expect(lstatSync(at('hard')).ino).toBe(lstatSync(at('ünïcode ☃')).ino);
    expect(lstatSync(at('fifo')).isFIFO()).toBe(true);
  });
});

function writeArchive(name: string, archive: Uint8Array): string {
  const file = join(root, name);
  writeFileSync(file, archive);
  return file;
}
