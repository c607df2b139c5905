import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleScript } from '../support/bundle-script.ts';
import { runCommand } from './support/run-command.ts';

const CHILD = new URL('support/large-archive-child.ts', import.meta.url);
const MIB = 2 ** 20;

let directory: string;
let program: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stowage-large-archive-'));
  program = join(directory, 'child.mjs');
  await bundleScript(CHILD, program);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('an archive of 2 GiB', () => {
  it('is loaded and saved with a heap of 128 MiB', async () => {
    const args = ['--max-old-space-size=128', program, join(directory, 'store'), '2048'];
    const output = await runCommand(process.execPath, args);
    const { images, saved, heap, rss } = JSON.parse(output) as Record<string, number>;
    expect(images).toBe(1);
    expect(saved).toBeGreaterThan(2048 * MIB);
    expect(heap).toBeLessThan(128 * MIB);
    expect(rss).toBeLessThan(512 * MIB);
  }, 300_000);
});
