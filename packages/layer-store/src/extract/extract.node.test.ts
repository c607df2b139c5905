import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createTarWriter } from '@stowage/core';
import type { TarEntryInit } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf, join as joinBytes, tarOfLines } from '../test-support/layers.ts';
import { layersOf } from '../test-support/views.ts';
import { extract } from './extract.ts';
import type { ExtractOptions, ExtractProgress, Omission } from './extract-options.ts';

let folder: string;
let to: string;
let staging: string;

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'stowage-extract-'));
  to = join(folder, 'root');
  staging = join(folder, '.root.extracting');
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

const isRoot = process.geteuid?.() === 0;
const hasMknod =
  isRoot && spawnSync('mknod', [join(tmpdir(), `mknod-${process.pid}`), 'c', '1', '3']).status === 0;
fs.rmSync(join(tmpdir(), `mknod-${process.pid}`), { force: true });

function tarOfEntries(...entries: readonly (TarEntryInit & { readonly text?: string })[]): Uint8Array {
  const writer = createTarWriter();
  const parts = entries.flatMap(({ text = '', ...entry }) =>
    writer.entry(entry, new TextEncoder().encode(text)),
  );
  return joinBytes([...parts, writer.end()]);
}

function read(path: string): string {
  return fs.readFileSync(join(to, path), 'utf8');
}

describe('extract', () => {
  it('makes the directory, and those above it', async () => {
    to = join(folder, 'a/b/root');
    const result = await extract(await layersOf(tarOfLines(['d/f = text', 'l -> d/f', 'h => d/f'])), { to });
    expect(result).toEqual({
      path: to,
      entries: 4,
      bytes: 4,
      owners: isRoot ? 'keep' : 'mine',
      resumedLayers: 0,
      omissions: { xattrs: 0, device: 0, fifo: 0 },
    });
    expect([read('d/f'), read('l'), read('h')]).toEqual(['text', 'text', 'text']);
    expect(fs.statSync(join(to, 'h')).nlink).toBe(2);
    expect(fs.readdirSync(dirname(to))).toEqual(['root']);
  });

  it('takes an empty directory, and an image without layers', async () => {
    fs.mkdirSync(to);
    await extract([], { to });
    expect(fs.readdirSync(to)).toEqual([]);
    expect(fs.statSync(to).mode & 0o7777).toBe(0o755);
  });

  it('refuses a target that is there, before and at the end', async () => {
    const layers = await layersOf(tarOfLines(['a = 1']));
    fs.mkdirSync(to);
    fs.writeFileSync(join(to, 'mine'), '');
    expect(await codeOf(extract(layers, { to }))).toBe('ALREADY_EXISTS');
    const link = join(folder, 'link');
    fs.mkdirSync(join(folder, 'empty'));
    fs.symlinkSync(join(folder, 'empty'), link);
    expect(await codeOf(extract(layers, { to: link }))).toBe('ALREADY_EXISTS');
    expect(await codeOf(extract(layers, { to: '' }))).toBe('INVALID_ARGUMENT');
    const late = join(folder, 'late');
    const onProgress = ({ layers: done }: ExtractProgress): void => {
      if (done === 1) fs.mkdirSync(join(late, 'sub'), { recursive: true });
    };
    expect(await codeOf(extract(layers, { to: late, onProgress }))).toBe('ALREADY_EXISTS');
    expect(fs.readdirSync(late)).toEqual(['sub']);
    expect(fs.readdirSync(to)).toEqual(['mine']);
  });

  it('keeps modes whatever the umask is, times with their fractions, and closed directories', async () => {
    const old = process.umask(0o077);
    try {
      await extract(
        await layersOf(
          tarOfEntries(
            { name: './', type: 'dir', mode: 0o555, mtime: 7 },
            { name: 'd', type: 'dir', mode: 0, mtime: 8 },
            { name: 'd/f', mode: 0o6755, mtime: 1.25, text: 'x' },
            { name: 'n', mtime: -1.5 },
          ),
        ),
        { to },
      );
    } finally {
      process.umask(old);
    }
    const statusOf = (path: string): [number, number] => {
      const { mode, mtimeMs } = fs.lstatSync(join(to, path));
      return [mode & 0o7777, mtimeMs];
    };
    expect(statusOf('')).toEqual([0o555, 7000]);
    expect(statusOf('d')).toEqual([0, 8000]);
    expect(statusOf('n')).toEqual([0o644, -1500]);
    fs.chmodSync(join(to, 'd'), 0o700);
    expect(statusOf('d/f')).toEqual([0o6755, 1250]);
    fs.chmodSync(to, 0o700);
  });

  it.runIf(isRoot)('gives files their owners as root, unless told not to', async () => {
    const layers = await layersOf(
      tarOfEntries(
        { name: 'f', uid: 1000, gid: 50, mode: 0o4755 },
        { name: 'd', type: 'dir', uid: 1001, gid: 51 },
        { name: 'l', type: 'symlink', linkname: 'f', uid: 1002, gid: 52 },
      ),
    );
    await extract(layers, { to });
    const owners = (): number[] => ['f', 'd', 'l'].map((name) => fs.lstatSync(join(to, name)).uid);
    expect(owners()).toEqual([1000, 1001, 1002]);
    expect(fs.statSync(join(to, 'f')).mode & 0o7777).toBe(0o4755);
    fs.rmSync(to, { recursive: true });
    expect((await extract(layers, { to, owners: 'mine' })).owners).toBe('mine');
    expect(owners()).toEqual([0, 0, 0]);
  });

  it('writes large files, and many at once, as they are', async () => {
    const large = 'large '.repeat(500_000);
    const lines = Array.from({ length: 300 }, (_, n) => `d${n % 7}/f${n} = ${String(n).repeat(n)}`);
    await extract(await layersOf(tarOfEntries({ name: 'large', text: large }), tarOfLines(lines)), { to });
    expect(read('large') === large).toBe(true);
    for (let n = 0; n < 300; n++) expect(read(`d${n % 7}/f${n}`)).toBe(String(n).repeat(n));
  });

  it('tells how far it has come', async () => {
    const steps: ExtractProgress[] = [];
    await extract(await layersOf(tarOfLines(['a = 12345']), tarOfLines(['.wh.x']), tarOfLines(['b = 123'])), {
      to,
      onProgress: (step) => steps.push(step),
    });
    expect(steps[0]).toEqual({ layers: 0, totalLayers: 3, bytes: 0, totalBytes: 8 });
    expect(steps.at(-1)).toEqual({ layers: 3, totalLayers: 3, bytes: 8, totalBytes: 8 });
    const sorted = [...steps].sort((one, other) => one.bytes - other.bytes || one.layers - other.layers);
    expect(steps).toEqual(sorted);
    expect(new Set(steps.map(({ layers }) => layers))).toContain(3);
  });

  it('tells what it left out', async () => {
    const omissions: Omission[] = [];
    const entries = [
      { name: 'char', type: 'char', devmajor: 1, devminor: 3 },
      { name: 'other', type: 'hardlink', linkname: 'char' },
      { name: 'fifo', type: 'fifo' },
      { name: 'attributes', xattrs: { 'user.a': 'b' } },
      { name: 'dir', type: 'dir', xattrs: { 'user.a': 'b' } },
    ] as const;
    const { omissions: counts } = await extract(await layersOf(tarOfEntries(...entries)), {
      to,
      onOmission: (omission) => omissions.push(omission),
    });
    expect(counts).toEqual({ xattrs: 2, device: 2, fifo: 1 });
    expect(omissions.map(({ what, path }) => `${what} ${path}`).sort()).toEqual([
      'device char',
      'device other',
      'fifo fifo',
      'xattrs attributes',
      'xattrs dir',
    ]);
    expect(fs.readdirSync(to).sort()).toEqual(['attributes', 'dir']);
  });

  it('makes fifos by mknod where asked to, and tells where it cannot', async () => {
    const layers = await layersOf(
      tarOfEntries({ name: '-p', type: 'fifo', mode: 0o640, mtime: 5 }, { name: 'caf\udce9', type: 'fifo' }),
    );
    const left: string[] = [];
    const options: ExtractOptions = {
      to,
      specialFiles: 'mknod',
      onOmission: ({ reason }) => left.push(reason),
    };
    await extract(layers, options);
    const { mode, mtimeMs } = fs.lstatSync(join(to, '-p'));
    expect([mode, mtimeMs]).toEqual([fs.constants.S_IFIFO | 0o640, 5000]);
    expect(left).toEqual(['its name is not UTF-8, which arguments of programs are']);
    fs.rmSync(to, { recursive: true });
    const path = process.env['PATH'];
    process.env['PATH'] = folder;
    try {
      await extract(layers, options);
    } finally {
      process.env['PATH'] = path;
    }
    expect(left.length).toBe(3);
    expect(left.slice(1).join()).toContain('ENOENT');
    expect(fs.readdirSync(to)).toEqual([]);
  });

  it.runIf(hasMknod)('makes devices by mknod as root', async () => {
    const layers = await layersOf(
      tarOfEntries(
        { name: 'null', type: 'char', devmajor: 1, devminor: 3, mode: 0o666 },
        { name: 'again', type: 'hardlink', linkname: 'null' },
      ),
    );
    const { omissions } = await extract(layers, { to, specialFiles: 'mknod' });
    expect(omissions.device).toBe(0);
    expect(fs.statSync(join(to, 'again')).rdev).toBe(fs.statSync('/dev/null').rdev);
  });
});

describe('a staging directory that is not ours', () => {
  it.each(['link', 'file', 'open'])('is refused: %s', async (kind) => {
    const layers = await layersOf(tarOfLines(['a = 1']));
    const outside = join(folder, 'outside');
    fs.mkdirSync(outside);
    if (kind === 'link') fs.symlinkSync(outside, staging);
    else if (kind === 'file') fs.writeFileSync(staging, '');
    else {
      fs.mkdirSync(staging);
      fs.chmodSync(staging, 0o777);
    }
    expect(await codeOf(extract(layers, { to }))).toBe('STORAGE');
    expect(fs.readdirSync(outside)).toEqual([]);
    expect(fs.existsSync(to)).toBe(false);
  });
});

describe('limits', () => {
  const extracted = async (
    limits: ExtractOptions['limits'],
    ...names: string[]
  ): Promise<string | undefined> => {
    const code = await codeOf(extract(await layersOf(tarOfLines(names)), { to, limits }));
    if (code !== undefined) expect(fs.readdirSync(folder)).toEqual([]);
    fs.rmSync(to, { recursive: true, force: true });
    return code;
  };

  it('hold before anything is written', async () => {
    expect(await extracted({ maxBytes: 9 }, 'a = 12345', 'b = 1234', 'c => a')).toBeUndefined();
    expect(await extracted({ maxBytes: 8 }, 'a = 12345', 'b = 1234')).toBe('LIMIT_EXCEEDED');
    expect(await extracted({ maxEntries: 2 }, 'a', 'b')).toBeUndefined();
    expect(await extracted({ maxEntries: 2 }, 'a', 'b', 'c')).toBe('LIMIT_EXCEEDED');
    expect(await extracted({ maxPathLength: 5 }, 'é/ab')).toBeUndefined();
    expect(await extracted({ maxPathLength: 4 }, 'é/ab')).toBe('LIMIT_EXCEEDED');
    expect(await extracted({ maxNameLength: 2, maxBytes: undefined }, 'é/ab')).toBeUndefined();
    expect(await extracted({ maxNameLength: 2 }, 'é/abc')).toBe('LIMIT_EXCEEDED');
    expect(await extracted({}, 'n'.repeat(256))).toBe('LIMIT_EXCEEDED');
    expect(await extracted({}, `${'n/'.repeat(1930)}n`)).toBe('LIMIT_EXCEEDED');
  });

  it('are those of the system where they are higher', async () => {
    const error: unknown = await extract(await layersOf(tarOfLines(['n'.repeat(300)])), {
      to,
      limits: { maxNameLength: 4096 },
    }).catch((reason: unknown) => reason);
    expect(isStowageError(error, 'STORAGE') && error.reason).toBe('ENAMETOOLONG');
    expect(basename(to)).toBe('root');
  });
});
