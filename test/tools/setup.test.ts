import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PEER_PROGRAMS, peerObstacle } from '../../tools/programs.mjs';
import { excerpt, isStale, missingPackages, reportMissing } from '../../tools/setup.mjs';
import { ROOT } from './support/tree.ts';

describe('isStale', () => {
  const lockfile = {
    packages: {
      '': { version: '1.0.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/b': { version: '1.0.0', integrity: 'sha512-b', optional: true },
    },
  };

  it.each([
    ['nothing is installed', undefined, true],
    ['everything is', lockfile, false],
    [
      'an optional package is not',
      { packages: { 'node_modules/a': lockfile.packages['node_modules/a'] } },
      false,
    ],
    ['another one is not', { packages: { 'node_modules/b': lockfile.packages['node_modules/b'] } }, true],
    [
      'a version differs',
      { packages: { 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } } },
      true,
    ],
    [
      'the content differs',
      { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-c' } } },
      true,
    ],
  ])('when %s', (_, installed, stale) => {
    expect(isStale(lockfile, installed)).toBe(stale);
  });

  it('holds for no lockfile of this checkout, which has just been set up', () => {
    for (const folder of ['.', 'test/runtime']) {
      const read = (file: string): Parameters<typeof isStale>[0] =>
        JSON.parse(readFileSync(join(ROOT, folder, file), 'utf8')) as Parameters<typeof isStale>[0];
      expect(isStale(read('package-lock.json'), read('node_modules/.package-lock.json'))).toBe(false);
    }
  });
});

describe('the lockfiles', () => {
  it.each(['package-lock.json', 'test/runtime/package-lock.json'])('%s names no address', (file) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).not.toMatch(/"resolved": "[a-z+]+:/);
  });
});

describe('excerpt', () => {
  it('keeps the last 25 lines and hides addresses', () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${String(index)}`);
    const text = excerpt(`${lines.join('\n')}\nGET https://registry.invalid/a 404\n`);
    expect(text.split('\n')).toHaveLength(25);
    expect(text.split('\n').at(-1)).toBe('GET <address> 404');
  });
});

describe('peers', () => {
  const missing =
    (...names: string[]) =>
    (name: string): boolean =>
      !names.includes(name);

  it('are installed by the names of their packages, and only where everything is to be tested', () => {
    expect(missingPackages(missing('dockerd', 'podman', 'zstd'), true)).toEqual([
      'zstd',
      'docker.io',
      'podman',
    ]);
    expect(missingPackages(missing('dockerd', 'podman', 'zstd'), false)).toEqual(['zstd']);
    expect(missingPackages(missing(), true)).toEqual([]);
  });

  it('may be missing, unlike other programs', () => {
    expect(reportMissing(missing(), undefined)).toEqual({ lines: [], incomplete: false });
    expect(reportMissing(missing('podman'), undefined)).toEqual({
      lines: ['no podman: left out: tests against podman'],
      incomplete: false,
    });
    expect(reportMissing(missing('skopeo', 'deno'), undefined)).toEqual({
      lines: ['no deno: left out: the runtime tests in deno', 'no skopeo: left out: tests against skopeo'],
      incomplete: true,
    });
  });

  it('that are there and cannot run are told of', () => {
    const { lines, incomplete } = reportMissing(missing('podman'), 'only root can run it');
    expect(incomplete).toBe(false);
    expect(lines).toHaveLength(Object.keys(PEER_PROGRAMS).length);
    expect(lines).toContain('no podman: left out: tests against podman');
    expect(lines).toContain('no use for dockerd, only root can run it: left out: tests against dockerd');
  });

  it('cannot run where nobody may mount', () => {
    const obstacle = peerObstacle();
    if (process.getuid?.() !== 0) expect(obstacle).toBe('only root can run it');
    else expect([undefined, 'nothing can be mounted']).toContain(obstacle);
  });
});

describe('setup', () => {
  it('refuses a purpose that it does not know', () => {
    const run = (): string =>
      execFileSync(process.execPath, ['tools/setup.mjs', 'play'], { cwd: ROOT, stdio: 'pipe' }).toString();
    expect(run).toThrow(/usage: node tools\/setup\.mjs start\|test\|ci/);
  });

  it('has nothing to do for `start` in a checkout that is set up', () => {
    const output = execFileSync(process.execPath, ['tools/setup.mjs', 'start'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(output).toBe('');
  });
});
