import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from './test-support/run-command.ts';
import { startTestRegistry } from './test-support/test-registry.ts';
import type { TestImage, TestRegistry } from './test-support/test-registry.ts';

const TYPE = 'application/vnd.stowage.seek-index.v1';
const PLATFORM = ['--platform', 'linux/amd64'] as const;
let folder: string;
let registry: TestRegistry;
let image: TestImage;
let ref: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-seek-index-'));
  registry = await startTestRegistry();
  image = await registry.push('team/app', 'v1', [[{ name: 'etc/motd', text: 'hello' }]]);
  ref = `${registry.host}/team/app:v1`;
});
afterAll(async () => {
  await Promise.all([registry.close(), rm(folder, { recursive: true, force: true })]);
});

const stowage = (...args: string[]) =>
  runCommand(args, { cwd: folder, env: { STOWAGE_STORE: join(folder, 'store') } });

describe('stowage seek-index push', () => {
  it('pushes indexes beside an image, and says which artifact they are', async () => {
    const pushed = await stowage('seek-index', 'push', ...PLATFORM, ref);
    expect([pushed.code, pushed.stderr.text]).toEqual([0, '']);
    const name = pushed.stdout.lines.at(-1) ?? '';
    expect(name).toMatch(/team\/app@sha256:[0-9a-f]{64}$/);
    const digest = name.slice(name.indexOf('sha256:'));
    expect((await stowage('seek-index', 'push', '--quiet', ref)).stdout.text).toBe(`${digest}\n`);
    const json = await stowage('seek-index', 'push', '--json', ref);
    expect(JSON.parse(json.stdout.lines.at(-1) ?? '')).toMatchObject({
      ...{ digest, artifactType: TYPE, subject: image.digest },
    });
    const listed = await stowage('referrers', '--quiet', '--artifact-type', TYPE, ref);
    expect(listed.stdout.text).toBe(`${digest}\n`);
  });

  it('is asked for when one looks into the image, unless one may not', async () => {
    const asked = async (...more: string[]): Promise<boolean> => {
      const { length } = registry.requests;
      const store = ['--store', join(folder, `store-${String(length)}`)];
      const { stdout } = await stowage('cat', '--remote', ...store, ...more, ref, 'etc/motd');
      expect(stdout.text).toBe('hello');
      return registry.requests.slice(length).some((line) => line.includes('/referrers/'));
    };
    expect(await asked()).toBe(true);
    expect(await asked('--no-referrers')).toBe(false);
  });

  it('says what is wrong', async () => {
    const none = await stowage('seek-index', 'push', `${registry.host}/team/none:v1`);
    expect([none.code, none.stderr.lines.length]).toEqual([1, 1]);
    expect((await stowage('seek-index', 'push')).code).toBe(2);
    expect((await stowage('seek-index', 'push', '--platform', '???', ref)).code).toBe(2);
  });
});
