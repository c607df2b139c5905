import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from './test-support/run-command.ts';
import { startTestRegistry } from './test-support/test-registry.ts';
import type { TestImage, TestRegistry } from './test-support/test-registry.ts';

let registry: TestRegistry;
let image: TestImage;
let store: string;
/** Where the image is pushed to. */
let target: string;

beforeAll(async () => {
  registry = await startTestRegistry();
  store = await mkdtemp(join(tmpdir(), 'stowage-cli-push-'));
  image = await registry.push('team/app', 'v1', [
    [{ name: 'base', text: 'base' }],
    [{ name: 'top', text: 'top' }],
  ]);
  target = `${registry.host}/team/copy:v1`;
  await stowage('pull', `${registry.host}/team/app:v1`);
  await stowage('tag', `${registry.host}/team/app:v1`, target);
});

afterAll(async () => {
  await registry.close();
  await rm(store, { recursive: true, force: true });
});

const stowage = (...args: string[]) => runCommand(args, { env: { STOWAGE_STORE: store } });

describe('stowage push', () => {
  it('says what docker says, then the reference', async () => {
    const { code, stdout, stderr } = await stowage('push', target);
    expect([code, stderr.text]).toEqual([0, '']);
    expect(stdout.lines[0]).toBe(`The push refers to repository [${registry.host}/team/copy]`);
    expect(stdout.lines.filter((line) => line.endsWith(': Mounted from team/app'))).toHaveLength(2);
    expect(stdout.lines.at(-2)).toMatch(new RegExp(`^v1: digest: ${image.digest} size: \\d+$`));
    expect(stdout.lines.at(-1)).toBe(target);
  });

  it('prints JSON lines and the result as the last one with --json', async () => {
    const { stdout } = await stowage('push', target, '--json');
    const values = stdout.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(values.at(-2)).toMatchObject({ aux: { Tag: 'v1', Digest: image.digest } });
    expect(values.at(-1)).toMatchObject({ reference: target, digest: image.digest, imageId: image.imageId });
  });

  it('prints only the result with --quiet, and makes other layers of the same image', async () => {
    const { stdout } = await stowage('push', target, '--quiet', '--compression', 'zstd');
    expect(stdout.text).toBe(`${target}\n`);
    expect((await stowage('resolve', target)).stdout.text).not.toContain(image.digest);
  });

  it('pushes every tag with --all-tags', async () => {
    await stowage('tag', target, `${registry.host}/team/copy:v2`);
    const { code, stdout } = await stowage('push', `${registry.host}/team/copy`, '--all-tags');
    expect(code).toBe(0);
    expect(
      stdout.lines.filter((line) => line.includes(': digest: ')).map((line) => line.slice(0, 3)),
    ).toEqual(['v1:', 'v2:']);
    expect(stdout.lines.at(-1)).toBe(`${registry.host}/team/copy`);
  });

  it('fails with one line on standard error', async () => {
    const none = await stowage('push', `${registry.host}/team/none`);
    expect([none.code, none.stderr.text]).toEqual([
      1,
      `error: An image does not exist locally with the tag: ${registry.host}/team/none\n`,
    ]);
    const alone = await stowage('push', target, '--all-platforms');
    expect(alone.stderr.text).toMatch(/^error: no index in the store leads to sha256:/);
    expect((await stowage('push', target, '--compression', 'lzma')).code).toBe(2);
  });
});
