import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from './test-support/run-command.ts';
import { startTestRegistry } from './test-support/test-registry.ts';
import type { TestImage, TestRegistry } from './test-support/test-registry.ts';

const MTIME = 1_700_000_000;

const BASE = [
  { name: 'etc/', type: 'dir', mtime: MTIME },
  { name: 'etc/hostname', text: 'base\n', mtime: MTIME },
  { name: 'bin/', type: 'dir', mtime: MTIME },
  { name: 'bin/sh', mode: 0o4755, text: '#!', mtime: MTIME },
  { name: 'usr', type: 'symlink', linkname: 'bin', mtime: MTIME },
] as const;
const TOP = [{ name: 'etc/hostname', text: 'top\n', mtime: MTIME }] as const;

const folders: string[] = [];
let registry: TestRegistry;
let image: TestImage;
let ref: string;
/** A store that has the image already, for commands that change nothing. */
let filled: string;

beforeAll(async () => {
  registry = await startTestRegistry();
  image = await registry.push('team/app', 'v1', [BASE, TOP]);
  ref = `${registry.host}/team/app:v1`;
  filled = await emptyStore();
  await pullInto(filled);
});

afterAll(async () => {
  await registry.close();
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

async function emptyStore(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-cli-'));
  folders.push(folder);
  return folder;
}

/** Runs a command on a store; without one, on that which has the image. */
const stowage = (...args: string[]) => inStore(filled, ...args);
const inStore = (store: string, ...args: string[]) => runCommand(args, { env: { STOWAGE_STORE: store } });

async function pullInto(store: string): Promise<void> {
  const { code, stderr } = await inStore(store, 'pull', ref);
  expect([code, stderr.text]).toEqual([0, '']);
}

describe('stowage pull', () => {
  it('says what docker says, then the reference', async () => {
    const { code, stdout, stderr } = await inStore(await emptyStore(), 'pull', ref);
    expect(stderr.text).toBe('');
    expect(code).toBe(0);
    const { lines } = stdout;
    expect(lines[0]).toBe('v1: Pulling from team/app');
    expect(lines.filter((line) => line.endsWith(': Pull complete')).length).toBe(2);
    expect(lines.slice(-3)).toEqual([
      `Digest: ${image.digest}`,
      `Status: Downloaded newer image for ${ref}`,
      ref,
    ]);
    expect(stdout.text).not.toContain('\u001b');
  });

  it('a second time downloads nothing', async () => {
    const before = registry.requests.length;
    const { code, stdout } = await stowage('pull', ref);
    expect(code).toBe(0);
    expect(stdout.lines.at(-2)).toBe(`Status: Image is up to date for ${ref}`);
    expect(registry.requests.slice(before).filter((line) => line.includes('/blobs/'))).toEqual([]);
  });

  it('prints JSON lines and the result as the last one with --json', async () => {
    const { code, stdout } = await inStore(await emptyStore(), 'pull', ref, '--json');
    expect(code).toBe(0);
    const values = stdout.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(values[0]).toEqual({ status: 'Pulling from team/app', id: 'v1' });
    expect(values.at(-1)).toMatchObject({
      reference: ref,
      imageId: image.imageId,
      digest: image.digest,
      status: 'downloaded',
      platform: { os: 'linux', architecture: 'amd64' },
    });
  });

  it('prints only the result with --quiet', async () => {
    const { stdout } = await stowage('pull', ref, '--quiet');
    expect(stdout.text).toBe(`${ref}\n`);
  });

  it('pulls every tag with --all-tags', async () => {
    await registry.push('team/tags', 'v1', [BASE]);
    await registry.push('team/tags', 'v2', [TOP]);
    const store = await emptyStore();
    const { code, stdout } = await inStore(store, 'pull', `${registry.host}/team/tags`, '--all-tags');
    expect(code).toBe(0);
    expect(stdout.lines.filter((line) => line.includes('Pulling from'))).toEqual([
      'v1: Pulling from team/tags',
      'v2: Pulling from team/tags',
    ]);
    expect(stdout.lines.at(-1)).toBe(`${registry.host}/team/tags`);
    expect((await inStore(store, 'images', '--quiet')).stdout.lines.length).toBe(2);
  });

  it('fails with one line on standard error', async () => {
    const { code, stdout, stderr } = await stowage('pull', `${registry.host}/team/none:v1`);
    expect(code).toBe(1);
    expect(stderr.lines.length).toBe(1);
    expect(stderr.text).toMatch(/^error: .*team\/none/);
    expect(stdout.text).toBe('');
  });
});

describe('stowage images', () => {
  it('prints a table', async () => {
    const outcome = await runCommand(['images', '--store', filled], {
      now: () => Date.parse('2024-01-31T00:00:00Z'),
    });
    const [head, row] = outcome.stdout.lines;
    expect(head).toMatch(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
    const id = image.imageId.slice('sha256:'.length, 'sha256:'.length + 12);
    expect(row?.split(/ {3,}/)).toEqual([
      `${registry.host}/team/app`,
      'v1',
      id,
      '4 weeks ago',
      expect.any(String),
    ]);
  });

  it('prints one line of JSON with --json, and IDs with --quiet', async () => {
    const json = await stowage('images', '--json');
    expect(JSON.parse(json.stdout.text)).toMatchObject([{ id: image.imageId, references: [ref] }]);
    expect(json.stdout.lines.length).toBe(1);
    expect((await stowage('images', '--quiet')).stdout.text).toBe(`${image.imageId}\n`);
  });

  it('of an empty store is the heading alone', async () => {
    const store = await emptyStore();
    expect((await inStore(store, 'images')).stdout.lines.length).toBe(1);
    expect((await inStore(store, 'images', '--json')).stdout.text).toBe('[]\n');
  });
});

describe('stowage inspect', () => {
  it('prints JSON, on one line with --json', async () => {
    const { stdout } = await stowage('inspect', ref);
    const value = JSON.parse(stdout.text) as { readonly layers: readonly { readonly diffId: string }[] };
    expect(value).toMatchObject({ id: image.imageId, config: { Cmd: ['sh'] } });
    expect(value.layers.map(({ diffId }) => diffId)).toEqual(image.diffIds);
    const line = await stowage('inspect', image.imageId.slice(7, 19), '--json');
    expect(line.stdout.lines.length).toBe(1);
    expect(JSON.parse(line.stdout.text)).toEqual(value);
  });

  it('of an image that is not there fails', async () => {
    const { code, stderr } = await stowage('inspect', 'nothing');
    expect([code, stderr.text]).toEqual([1, 'error: No such image: nothing\n']);
  });
});

describe('stowage ls', () => {
  it('prints the merged tree, sorted', async () => {
    expect((await stowage('ls', ref)).stdout.lines).toEqual([
      'drwxr-xr-x 0/0               0 2023-11-14 22:13 bin',
      '-rwsr-xr-x 0/0               2 2023-11-14 22:13 bin/sh',
      'drwxr-xr-x 0/0               0 2023-11-14 22:13 etc',
      '-rw-r--r-- 0/0               4 2023-11-14 22:13 etc/hostname',
      'lrwxrwxrwx 0/0               0 2023-11-14 22:13 usr -> bin',
    ]);
  });

  it('prints an entry a line with --json, with the layer that has it', async () => {
    const { lines } = (await stowage('ls', ref, '--json')).stdout;
    const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const [base, top] = image.diffIds;
    expect(entries.map(({ path, layer }) => [path, layer])).toEqual([
      ['bin', base],
      ['bin/sh', base],
      ['etc', base],
      ['etc/hostname', top],
      ['usr', base],
    ]);
    expect(entries[4]).toEqual({
      path: 'usr',
      type: 'symlink',
      size: 0,
      mode: 0o777,
      uid: 0,
      gid: 0,
      mtime: MTIME,
      linkname: 'bin',
      layer: base,
    });
  });

  it.each([
    ['etc', ['etc/hostname']],
    ['/etc/', ['etc/hostname']],
    ['etc/hostname', ['etc/hostname']],
    ['usr', ['bin/sh']],
    ['/', ['bin', 'bin/sh', 'etc', 'etc/hostname', 'usr']],
  ])('of %s prints what is below', async (path, expected) => {
    expect((await stowage('ls', ref, path, '--quiet')).stdout.lines).toEqual(expected);
  });

  it('of a path that is not there fails', async () => {
    const { code, stderr } = await stowage('ls', ref, 'nowhere');
    expect(code).toBe(1);
    expect(stderr.text).toMatch(/^error: no such file or directory: nowhere\n$/);
  });

  it('cannot be made to command a terminal', async () => {
    const evil = `${registry.host}/team/evil:v1`;
    await registry.push('team/evil', 'v1', [[{ name: 'a\u001b[2J\nb', text: '' }]]);
    const store = await emptyStore();
    await inStore(store, 'pull', evil);
    expect((await inStore(store, 'ls', evil, '--quiet')).stdout.text).toBe('a\\x1b[2J\\x0ab\n');
    expect((await inStore(store, 'ls', evil)).stdout.text).not.toContain('\u001b');
  });
});

describe('stowage cat', () => {
  it('prints a file of the uppermost layer that has it', async () => {
    expect((await stowage('cat', ref, '/etc/hostname')).stdout.text).toBe('top\n');
    expect((await stowage('cat', ref, 'usr/sh')).stdout.text).toBe('#!');
  });

  it('of what is no file fails', async () => {
    const { code, stdout, stderr } = await stowage('cat', ref, 'etc');
    expect([code, stdout.text]).toEqual([1, '']);
    expect(stderr.text).toMatch(/^error: /);
  });
});

describe('stowage tag and rm', () => {
  it('name an image and take its names away', async () => {
    const store = await emptyStore();
    await pullInto(store);
    const tagged = await inStore(store, 'tag', ref, 'mine:latest');
    expect([tagged.code, tagged.stdout.text]).toEqual([0, '']);
    expect((await inStore(store, 'rm', ref)).stdout.lines[0]).toBe(`Untagged: ${ref}`);
    expect((await inStore(store, 'cat', 'mine', 'etc/hostname')).stdout.text).toBe('top\n');

    const last = await inStore(store, 'rm', 'mine', '--json');
    const { untagged, deleted } = JSON.parse(last.stdout.text) as Record<string, string[]>;
    expect(untagged).toEqual(['mine:latest']);
    expect(deleted).toContain(image.imageId);
    expect((await inStore(store, 'images', '--quiet')).stdout.text).toBe('');
  });

  it('by ID need --force where several repositories name the image', async () => {
    const store = await emptyStore();
    await pullInto(store);
    await inStore(store, 'tag', ref, 'mine');
    const refused = await inStore(store, 'rm', image.imageId);
    expect(refused.code).toBe(1);
    expect(refused.stderr.text).toContain('must be forced');
    const forced = await inStore(store, 'rm', '--force', '--quiet', image.imageId);
    expect(forced.code).toBe(0);
    expect(forced.stdout.lines).toEqual(expect.arrayContaining([ref, 'mine:latest', image.imageId]));
  });
});

describe('stowage check', () => {
  it('counts what is sound', async () => {
    const { code, stdout } = await stowage('check');
    expect([code, stdout.lines]).toEqual([0, ['Checked: 4 blobs, 2 layers, 1 images, 2 references']]);
  });

  it('names what is damaged and fails, and with --repair takes it out', async () => {
    const store = await emptyStore();
    await pullInto(store);
    const [blob = ''] = await readdir(join(store, 'blobs/sha256'));
    await rm(join(store, 'blobs/sha256', blob));
    await writeFile(join(store, 'blobs/sha256', blob), 'other bytes');
    const found = await inStore(store, 'check');
    expect([found.code, found.stderr.text]).toEqual([
      1,
      expect.stringMatching(/the store has \d faults?\n$/),
    ]);
    expect(found.stdout.lines[0]).toMatch(`blob sha256:${blob}: its bytes have the digest sha256:`);
    const ids = (await inStore(store, 'check', '--quiet')).stdout.lines;
    expect(ids[0]).toBe(`sha256:${blob}`);
    const repaired = await inStore(store, 'check', '--repair');
    expect([repaired.code, repaired.stdout.lines[0]]).toEqual([0, expect.stringMatching(/ \(taken out\)$/)]);
    expect(JSON.parse((await inStore(store, 'check', '--json')).stdout.text)).toMatchObject({ problems: [] });
    await pullInto(store);
    expect((await inStore(store, 'check')).code).toBe(0);
  });
});

describe('stowage gc', () => {
  it('reports what was removed, and removes nothing that is named', async () => {
    expect((await stowage('gc')).stdout.lines).toEqual([
      'Removed: 0 images, 0 layers, 0 blobs, 0 unfinished downloads',
      'Total reclaimed space: 0B',
    ]);
    expect(JSON.parse((await stowage('gc', '--json')).stdout.text)).toMatchObject({ blobs: 0, bytes: 0 });
    expect((await stowage('gc', '--quiet')).stdout.text).toBe('0\n');
    expect((await stowage('cat', ref, 'etc/hostname')).stdout.text).toBe('top\n');
  });
});

describe('stowage tags and resolve', () => {
  it('ask the registry, and for nothing but manifests', async () => {
    const { digest } = await registry.push('team/many', 'v1', [BASE]);
    await registry.push('team/many', 'v2', [TOP]);
    const before = registry.requests.length;
    const name = `${registry.host}/team/many`;
    expect((await stowage('tags', name)).stdout.lines).toEqual(['v1', 'v2']);
    expect((await stowage('tags', name, '--json')).stdout.text).toBe('["v1","v2"]\n');
    expect((await stowage('resolve', `${name}:v1`)).stdout.text).toBe(`${digest}\n`);
    const { stdout } = await stowage('resolve', `${name}:v1`, '--json');
    expect(JSON.parse(stdout.text)).toMatchObject({ digest });
    expect(registry.requests.slice(before).some((line) => line.includes('/blobs/'))).toBe(false);
  });
});
describe('stowage extract', () => {
  it('unpacks an image and says so', async () => {
    const folder = await emptyStore();
    const to = join(folder, 'root');
    const { code, stdout, stderr } = await stowage('extract', ref, to);
    expect([code, stderr.text]).toEqual([0, '']);
    expect(stdout.lines).toEqual([`Extracted: 5 entries, 6 bytes, to ${to}`]);
    expect(await readFile(join(to, 'etc/hostname'), 'utf8')).toBe('top\n');
    const again = await stowage('extract', ref, to);
    expect(again.code).toBe(1);
    expect(again.stderr.text).toMatch(/^error: there is something already/);
  });

  it('tells what it left out', async () => {
    const many = Array.from({ length: 25 }, (_, n) => ({
      name: `dev/${String(n)}`,
      type: 'char' as const,
      devmajor: 1,
      devminor: 3,
    }));
    await registry.push('team/devices', 'v1', [many]);
    const store = await emptyStore();
    expect((await inStore(store, 'pull', `${registry.host}/team/devices:v1`)).code).toBe(0);
    const to = join(store, 'out');
    const { code, stdout, stderr } = await inStore(
      store,
      'extract',
      `${registry.host}/team/devices:v1`,
      to,
      '-q',
    );
    expect([code, stdout.text]).toEqual([0, `${to}\n`]);
    expect(stderr.lines.length).toBe(21);
    expect(stderr.lines[0]).toBe('warning: left out: device dev/0: special files were not asked for');
    expect(stderr.lines.at(-1)).toBe('warning: 5 more left out');
  });

  it('prints the result with --json', async () => {
    const to = join(await emptyStore(), 'root');
    const { stdout } = await stowage('extract', ref, to, '--json', '--owners', 'mine', '--special-files');
    expect(JSON.parse(stdout.text)).toEqual({
      path: to,
      entries: 5,
      bytes: 6,
      owners: 'mine',
      resumedLayers: 0,
      omissions: { xattrs: 0, device: 0, fifo: 0 },
    });
    expect((await stowage('extract', ref, to, '--owners', 'theirs')).code).toBe(2);
  });
});

describe('stowage diff and stowage waste', () => {
  let other: string;

  beforeAll(async () => {
    const files = [{ name: 'etc/added', text: 'new' }, { name: 'bin/.wh.sh' }] as const;
    await registry.push('team/app', 'v2', [BASE, TOP, files]);
    other = `${registry.host}/team/app:v2`;
    expect((await stowage('pull', other)).code).toBe(0);
  });

  it('diff lists what differs', async () => {
    expect((await stowage('diff', ref, other)).stdout.lines).toEqual(['D bin/sh', 'A etc/added']);
    expect((await stowage('diff', ref, other, '-q')).stdout.lines).toEqual(['bin/sh', 'etc/added']);
    expect((await stowage('diff', ref, ref, '--times')).stdout.text).toBe('');
    const { stdout } = await stowage('diff', ref, other, '--json');
    expect(stdout.lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { path: 'bin/sh', kind: 'removed', type: 'file', changes: [], sizes: { before: 2 } },
      { path: 'etc/added', kind: 'added', type: 'file', changes: [], sizes: { after: 3 } },
    ]);
  });

  it('waste lists what is hidden', async () => {
    expect((await stowage('waste', other)).stdout.lines).toEqual([
      'BYTES   COPIES   PATH',
      '5       1        etc/hostname',
      '2       1        bin/sh',
      'Wasted: 7 of 14 bytes, efficiency 50.0 %',
    ]);
    expect((await stowage('waste', other, '-q')).stdout.lines).toEqual(['etc/hostname', 'bin/sh']);
    const { stdout } = await stowage('waste', other, '--json');
    const report = JSON.parse(stdout.text) as { readonly paths: readonly object[] };
    expect(report).toMatchObject({ totalBytes: 14, wastedBytes: 7, efficiency: 0.5 });
    expect(report.paths[0]).toMatchObject({
      path: 'etc/hostname',
      bytes: 5,
      copies: [{ bytes: 5, layer: image.diffIds[0], hiddenBy: image.diffIds[1], how: 'replaced' }],
    });
  });
});
