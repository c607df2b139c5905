import { streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { describe, expect, it } from 'vitest';
import { openLayerStore } from '../store/layer-store.ts';
import { codeOf, tarOfLines } from '../test-support/layers.ts';
import { buildTree } from '../tree/tree-builder.ts';
import { planExtraction } from './extract-plan.ts';
import type { ExtractPlan } from './extract-plan.ts';
import { checkFileName, diskPath } from './file-names.ts';

const LINUX = { windows: false, anyBytes: true };
const WINDOWS = { windows: true, anyBytes: false };

async function planOf(lines: readonly string[], names = LINUX): Promise<ExtractPlan> {
  const store = await openLayerStore({ storage: createMemoryStorage() });
  const layer = await store.register(streamOf(tarOfLines(lines)));
  return planExtraction(await buildTree([layer]), { names });
}

describe('a plan', () => {
  it('has what is there in the end, each content once', async () => {
    const plan = await planOf(['a = 1', 'a = 22', 'b => a', 'd/', 'd/e/f', 'l -> a']);
    expect(plan.directories.map(({ path }) => path)).toEqual(['d', 'd/e']);
    expect(plan.symlinks.map(({ path }) => path)).toEqual(['l']);
    const files = [...plan.files.values()].flatMap((list) => [...list.values()]);
    expect(files.map(({ path, links }) => [path, links])).toEqual([
      ['a', ['b']],
      ['d/e/f', []],
    ]);
    expect([plan.entries, plan.bytes]).toEqual([6, 2]);
  });

  it('cannot be made of a hard link to nothing', async () => {
    expect(await codeOf(planOf(['a => b']))).toBe('INVALID_ARCHIVE');
    expect(await codeOf(planOf(['a => ../../etc/passwd']))).toBe('INVALID_ARCHIVE');
  });
});

describe('names', () => {
  it.each(['', '.', '..', 'a/b', 'a\0b'])('that are none are refused everywhere: %j', (name) => {
    expect(() => {
      checkFileName(name, name, LINUX);
    }).toThrow('not the name of a file');
  });

  it.each([
    'a\\b',
    '..\\..\\x',
    'C:',
    'a:b',
    'CON',
    'con.txt',
    'nul .x',
    'COM1',
    'lpt\u00b9',
    'a.',
    'a ',
    'a?',
    'a|b',
    'a\nb',
  ])('that Windows reads as something else are refused there: %j', async (name) => {
    expect(() => {
      checkFileName(name, name, WINDOWS);
    }).toThrow('on Windows');
    expect(() => {
      checkFileName(name, name, LINUX);
    }).not.toThrow();
    if (/^\S+$/.test(name)) expect(await codeOf(planOf([name], WINDOWS))).toBe('INVALID_ARCHIVE');
  });

  it.each(['.hidden', 'config', 'a.b', 'common', 'ünï 🚢'])(
    'that are good are good on Windows: %j',
    (name) => {
      expect(() => {
        checkFileName(name, name, WINDOWS);
      }).not.toThrow();
    },
  );

  it('that are not UTF-8 are refused where they cannot be made', async () => {
    const deno = { windows: false, anyBytes: false };
    expect(await codeOf(planOf(['caf\udce9'], deno))).toBe('UNSUPPORTED');
    expect(await codeOf(planOf(['l -> caf\udce9'], deno))).toBe('UNSUPPORTED');
    expect(await codeOf(planOf(['l -> 🚢', '🚢'], deno))).toBeUndefined();
    expect(await codeOf(planOf(['l -> caf\udce9', 'caf\udce9']))).toBeUndefined();
  });

  it('that are not UTF-8 are bytes', () => {
    expect(diskPath('/x/', 'a🚢')).toBe('/x/a🚢');
    expect(diskPath('/x/', '\udce9')).toEqual(Buffer.from([47, 120, 47, 0xe9]));
  });
});
