import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES, StowageError, httpStatusOf } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { rankOf, readPackages } from '../../tools/support/workspace.ts';
import { ROOT } from './support/tree.ts';

const page = (name: string): string => readFileSync(join(ROOT, 'docs', name), 'utf8');

describe('docs/errors.md', () => {
  const rows = [...page('errors.md').matchAll(/^\| `([A-Z_]+)` +\| (\d{3}) /gm)];

  it('lists every code, and only those', () => {
    expect(rows.map(([, code]) => code).sort()).toEqual([...ERROR_CODES].sort());
  });

  it.each(ERROR_CODES)('gives the HTTP status of %s', (code) => {
    const row = rows.find(([, listed]) => listed === code);
    expect(Number(row?.[2])).toBe(httpStatusOf(new StowageError(code, '')));
  });
});

describe('docs/architecture.md', () => {
  const text = page('architecture.md');

  it('shows every package, each at its rank', () => {
    const shown = [...text.matchAll(/subgraph r(\d)[^]*?\n {2}end/g)].flatMap(([block, rank]) =>
      [...block.matchAll(/\["(.+?)"\]/g)].map(([, name]) => [name, Number(rank)]),
    );
    const packages = readPackages(ROOT).map(({ manifest }) => [manifest.name, rankOf(manifest)]);
    expect(shown.sort()).toEqual(packages.sort());
  });

  it('describes every package', () => {
    for (const { manifest } of readPackages(ROOT)) expect(text).toContain(`| \`${manifest.name}\``);
  });
});
