import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleScript } from '../support/bundle-script.ts';
import { runCommand } from '../integration/support/run-command.ts';
import { listDirectory } from '../support/listed-directory.ts';
import { findRuntimes } from './support/runtimes.ts';

/** The user that owns nothing. */
const NOBODY = 65_534;

let folder: string;
let script: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-extract-'));
  script = join(folder, 'extract.mjs');
  await bundleScript(new URL('support/extract-script.ts', import.meta.url), script);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an image extracted, interrupted and gone on with', () => {
  const runtimes = findRuntimes().filter(({ kind }) => kind !== 'chromium');

  it.each(runtimes)('$name: the same directory as by Node', async (runtime) => {
    const [mine, theirs] = [join(folder, runtime.name), join(folder, `${runtime.name}-by-node`)];
    const output = await runCommand(runtime.path, [...runtime.scriptArguments, script, mine, 'interrupt']);
    // Deno has no way to make names that are not UTF-8, and the image is refused.
    const refused = runtime.kind === 'deno' ? 'UNSUPPORTED' : null;
    expect(JSON.parse(output)).toMatchObject({
      refused,
      entries: 211,
      resumedLayers: 1,
      omissions: ['fifo fifo'],
    });
    await runCommand(process.execPath, [script, theirs]);
    const listing = listDirectory(mine);
    expect(Object.fromEntries(listing)).toEqual(Object.fromEntries(listDirectory(theirs)));
    const closed = listing.get(Buffer.from('closed/file').toString('hex'));
    expect(closed).toMatchObject({ mode: 0o4755, mtime: 1_600_000_000, size: 4 });
    expect(listing.get('')?.mode).toBe(0o711);
    if (refused === null) expect([...listDirectory(`${mine}-latin1`).keys()]).toEqual(['', '636166e9']);
  });

  it.each(runtimes)('$name: after a kill', async ({ name, path, scriptArguments }) => {
    const to = join(folder, `${name}-killed`);
    const killed = spawnSync(path, [...scriptArguments, script, to, 'kill']);
    expect(killed.signal).toBe('SIGKILL');
    expect(existsSync(to)).toBe(false);
    const output = await runCommand(path, [...scriptArguments, script, to]);
    expect(JSON.parse(output)).toMatchObject({ entries: 211, resumedLayers: 2 });
    expect(readdirSync(folder).filter((entry) => entry.includes('extracting'))).toEqual([]);
    expect(readdirSync(join(to, 'many')).length).toBe(200);
  });

  it.runIf(process.geteuid?.() === 0).each(runtimes)(
    '$name: by somebody who is not root',
    async (runtime) => {
      const home = join(folder, `${runtime.name}-home`);
      mkdirSync(home);
      chmodSync(folder, 0o755);
      chownSync(home, NOBODY, NOBODY);
      const mine = join(home, 'root');
      const { stdout, stderr } = spawnSync(
        runtime.path,
        [...runtime.scriptArguments, script, mine, 'interrupt'],
        { uid: NOBODY, gid: NOBODY, encoding: 'utf8', env: { HOME: home, PATH: process.env['PATH'] } },
      );
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toMatchObject({ owners: 'mine', resumedLayers: 1 });
      const byRoot = join(folder, `${runtime.name}-by-root`);
      await runCommand(process.execPath, [script, byRoot]);
      const owner = `${String(NOBODY)}:${String(NOBODY)}`;
      const expected = [...listDirectory(byRoot)].map(([name, file]) => [name, { ...file, owner }] as const);
      expect(Object.fromEntries(listDirectory(mine))).toEqual(Object.fromEntries(expected));
    },
  );
});
