import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RUNTIME_NAMES, findRuntimes } from './support/runtimes.ts';

const VERSIONS: Readonly<Record<string, RegExp>> = {
  node: new RegExp(`^${process.version}$`, 'm'),
  node22: /^v22\./,
  node24: /^v24\./,
  node26: /^v26\./,
  deno: /^deno 2\./,
  bun: /^1\./,
  chromium: /Chrom/,
};

describe('the runtimes of the tests', () => {
  it('are all there in CI', () => {
    const found = findRuntimes().map(({ name }) => name);
    if (process.env['CI'] === 'true') expect(found).toEqual(RUNTIME_NAMES);
    else expect(found).toContain('node');
  });

  it.each(findRuntimes())('$name starts and is the version it is taken for', ({ name, path }) => {
    const version = execFileSync(path, ['--version'], { encoding: 'utf8' });
    expect(version).toMatch(VERSIONS[name] ?? /^never$/);
  });

  it('never stand before the Node that npm scripts run in', () => {
    const root = new URL('../../', import.meta.url);
    expect(existsSync(new URL('node_modules/.bin/node', root))).toBe(false);
    expect(existsSync(new URL('test/runtime/node_modules/.bin', root))).toBe(false);
  });
});
