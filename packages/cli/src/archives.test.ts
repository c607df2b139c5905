import { mkdtemp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTarWriter } from '@stowage/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CapturedStream } from './test-support/captured-stream.ts';
import { runCommand } from './test-support/run-command.ts';
import type { CommandOutcome } from './test-support/run-command.ts';

let directory: string;
let archive: Buffer;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stowage-cli-archives-'));
  const tar = createTarWriter();
  const file = (name: string, value: unknown): Uint8Array[] =>
    tar.entry({ name }, Buffer.from(JSON.stringify(value)));
  const parts = [
    ...file('c.json', { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } }),
    ...file('manifest.json', [{ Config: 'c.json', RepoTags: ['app:1', 'app:2'], Layers: [] }]),
  ];
  archive = Buffer.concat([...parts, tar.end()]);
  await writeFile(join(directory, 'in.tar'), archive);
});

afterEach(() => rm(directory, { recursive: true }));

function stowage(...args: string[]): Promise<CommandOutcome> {
  return runCommand([...args, '--store', join(directory, 'store')], { cwd: directory });
}

async function* inputOf(...chunks: (Uint8Array | string)[]): AsyncGenerator<Uint8Array | string> {
  await Promise.resolve();
  yield* chunks;
}

describe('stowage load', () => {
  it('reads a file and says what docker says', async () => {
    const { code, stdout } = await stowage('load', '-i', 'in.tar');
    expect([code, stdout.lines]).toEqual([0, ['Loaded image: app:1', 'Loaded image: app:2']]);
  });

  it('reads standard input, whatever it gives', async () => {
    const text = archive.toString('latin1');
    expect(Buffer.from(text)).toEqual(archive);
    const stdin = inputOf(archive.subarray(0, 700), text.slice(700));
    const args = ['load', '--store', join(directory, 'store'), '--no-tags'];
    const { stdout } = await runCommand(args, { stdin });
    expect(stdout.lines).toEqual([expect.stringMatching(/^Loaded image ID: sha256:[0-9a-f]{64}$/)]);
  });

  it('does not wait for a terminal', async () => {
    const stdin = Object.assign(inputOf(), { isTTY: true });
    const { code, stderr } = await runCommand(['load', '--store', directory], { stdin });
    expect([code, stderr.text]).toEqual([2, 'error: requested load from stdin, but stdin is empty\n']);
  });

  it('prints the result as JSON, or IDs alone', async () => {
    const [json, quiet] = [
      await stowage('load', '-i', 'in.tar', '--json'),
      await stowage('load', '-qi', 'in.tar'),
    ];
    const result = JSON.parse(json.stdout.lines.at(-1) ?? '') as { images: { id: string }[] };
    const names = ['docker.io/library/app:1', 'docker.io/library/app:2'];
    expect(result.images).toMatchObject([{ names, tagged: names }]);
    expect(quiet.stdout.lines).toEqual([result.images[0]?.id]);
  });

  it('fails where there is no archive', async () => {
    expect((await stowage('load', '-i', 'nothing.tar')).stderr.text).toContain('ENOENT');
    await writeFile(join(directory, 'bad.tar'), 'bad');
    const { code, stderr } = await stowage('load', '-i', 'bad.tar');
    expect([code, stderr.lines.length]).toEqual([1, 1]);
  });
});

describe('stowage save', () => {
  beforeEach(async () => {
    await stowage('load', '-i', 'in.tar');
  });

  it('writes a file that only its owner reads, and that load reads', async () => {
    for (const format of ['docker', 'oci']) {
      const { code, stdout } = await stowage('save', 'app:1', '-o', 'out.tar', '--format', format);
      expect([code, stdout.text]).toEqual([0, '']);
      expect((await stat(join(directory, 'out.tar'))).mode & 0o777).toBe(0o600);
      expect((await stowage('load', '-i', 'out.tar')).stdout.lines).toEqual(['Loaded image: app:1']);
    }
  });

  it('writes to standard output, but not to a terminal', async () => {
    await stowage('save', 'app', '-o', 'out.tar');
    const { stdout } = await stowage('save', 'app');
    expect(stdout.bytes.equals(await readFile(join(directory, 'out.tar')))).toBe(true);
    const terminal = new CapturedStream({ isTTY: true });
    const stderr = new CapturedStream();
    const args = ['save', 'app', '--store', join(directory, 'store')];
    expect((await runCommand(args, { stdout: terminal, stderr })).code).toBe(2);
    expect([terminal.bytes.length, stderr.text]).toEqual([
      0,
      'error: cowardly refusing to save to a terminal. Use the -o flag or redirect\n',
    ]);
  });

  it('leaves what was there where it fails', async () => {
    await writeFile(join(directory, 'out.tar'), 'before');
    const { code, stderr } = await stowage('save', 'nothing', '-o', 'out.tar');
    expect([code, stderr.text]).toEqual([1, 'error: No such image: nothing\n']);
    expect(await readFile(join(directory, 'out.tar'), 'utf8')).toBe('before');
    expect((await readdir(directory)).sort()).toEqual(['in.tar', 'out.tar', 'store']);
    await mkdir(join(directory, 'folder'));
    expect((await stowage('save', 'app', '-o', 'folder')).stderr.text).toContain('EISDIR');
    expect((await stowage('save', 'app', '-o', 'none/out.tar')).stderr.text).toContain('ENOENT');
    expect((await stowage('save', 'app', '-o', 'in.tar/out.tar')).stderr.text).toContain('ENOTDIR');
  });

  it('writes into a device as it is', async () => {
    expect((await stowage('save', 'app', '-o', '/dev/null')).code).toBe(0);
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  it('knows no other format', async () => {
    expect((await stowage('save', 'app', '--format', 'zip')).code).toBe(2);
  });
});
