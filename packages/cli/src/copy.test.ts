import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CopyResult } from 'stowage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from './test-support/run-command.ts';
import { startTestRegistry } from './test-support/test-registry.ts';
import type { TestImage, TestRegistry } from './test-support/test-registry.ts';

const TYPE = 'application/vnd.example.sbom';
let folder: string;
let source: TestRegistry;
let target: TestRegistry;
let image: TestImage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-copy-'));
  [source, target] = await Promise.all([startTestRegistry(), startTestRegistry()]);
  image = await source.push('team/app', 'v1', [[{ name: 'a', text: 'a' }]]);
});
afterAll(async () => {
  await Promise.all([source.close(), target.close(), rm(folder, { recursive: true, force: true })]);
});

const stowage = (...args: string[]) =>
  runCommand(args, { cwd: folder, env: { STOWAGE_STORE: join(folder, 'store') } });

describe('stowage copy', () => {
  it('copies without a store, and says what it did', async () => {
    const [from, to] = [`${source.host}/team/app:v1`, `${target.host}/copy/app:v1`];
    const { code, stdout, stderr } = await stowage('copy', from, to);
    expect([code, stderr.text]).toEqual([0, '']);
    expect(stdout.lines.at(-1)).toMatch(/copy\/app:v1: 2 blobs sent \(.+\), 0 mounted, 0 there before$/);
    expect((await stowage('copy', '--quiet', from, to)).stdout.text).toBe(`${image.digest}\n`);
    const json = await stowage(
      'copy',
      '--json',
      '--platform',
      'linux/amd64',
      '--platform',
      'linux/arm64',
      '--referrers',
      from,
      to,
    );
    const result = JSON.parse(json.stdout.lines.at(-1) ?? '') as CopyResult;
    expect(result).toMatchObject({ digest: image.digest, sentBytes: 0 });
    expect((await stowage('copy', from)).code).toBe(2);
    expect((await stowage('copy', from, to, '--platform', '???')).code).toBe(2);
    await expect(readFile(join(folder, 'store', 'oci-layout'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('stowage artifact and referrers', () => {
  it('push files, list them, and write them again', async () => {
    const ref = `${source.host}/team/app`;
    await writeFile(join(folder, 'sbom.json'), '{"sbom":1}');
    await writeFile(join(folder, 'notes'), 'notes');
    const push = [
      'artifact',
      'push',
      '--artifact-type',
      TYPE,
      '--annotation',
      'a=b=c',
      '--annotation',
      'd=',
      '--subject',
      'v1',
    ];
    const pushed = await stowage(...push, ref, 'sbom.json:application/json', './notes');
    expect([pushed.code, pushed.stderr.text]).toEqual([0, '']);
    const name = pushed.stdout.lines.at(-1) ?? '';
    expect(name).toMatch(/team\/app@sha256:/);
    const digest = name.slice(name.indexOf('sha256:'));
    expect(
      (await stowage(...push, '--quiet', ref, 'sbom.json:application/json', './notes')).stdout.text,
    ).toBe(`${digest}\n`);
    const again = await stowage(...push, '--json', ref, 'sbom.json:application/json', './notes');
    expect(JSON.parse(again.stdout.lines.at(-1) ?? '')).toMatchObject({ digest, subject: image.digest });

    const listed = await stowage('referrers', `${ref}:v1`);
    expect(listed.stdout.lines[0]).toMatch(/^DIGEST +TYPE +SIZE$/);
    expect(listed.stdout.lines[1]).toContain(`${digest}   ${TYPE}`);
    expect((await stowage('referrers', '--quiet', `${ref}:v1`)).stdout.text).toBe(`${digest}\n`);
    const none = await stowage('referrers', '--json', '--artifact-type', 'a/b', `${ref}:v1`);
    expect(JSON.parse(none.stdout.text)).toEqual([]);

    const out = join(folder, 'out');
    const pulled = await stowage('artifact', 'pull', '--quiet', '-o', 'out', name);
    expect([pulled.code, pulled.stderr.text]).toEqual([0, '']);
    expect(pulled.stdout.lines).toEqual(['sbom.json', 'notes']);
    expect(await readFile(join(out, 'sbom.json'), 'utf8')).toBe('{"sbom":1}');
    const refused = await stowage('artifact', 'pull', '-o', 'out', name);
    expect([refused.code, refused.stderr.text]).toEqual([
      1,
      expect.stringContaining('"sbom.json" is there already'),
    ]);
    const forced = await stowage('artifact', 'pull', '--force', '--json', '-o', 'out', name);
    expect(JSON.parse(forced.stdout.lines.at(-1) ?? '')).toMatchObject({
      written: ['sbom.json', 'notes'],
      artifactType: TYPE,
    });
  });

  it('say what is wrong', async () => {
    const ref = `${source.host}/team/app:x`;
    const push = (...args: string[]) => stowage('artifact', 'push', '--artifact-type', TYPE, ref, ...args);
    await writeFile(join(folder, 'twice'), '');
    expect((await push('twice', './twice')).code).toBe(2);
    expect((await push('.')).code).toBe(2);
    expect((await push('nowhere')).code).toBe(1);
    expect((await push('--annotation', 'nothing')).code).toBe(2);
    expect((await stowage('artifact', 'push', ref)).code).toBe(2);
    expect((await push('--subject', 'none')).stderr.text).toMatch(/^error: no manifest none in team\/app/);
    expect((await stowage('artifact', 'pull', `${source.host}/team/app:v1`)).code).toBe(1);
  });
});
