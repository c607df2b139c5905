import { isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { findOpfs } from './opfs-surroundings.ts';
import type { Surroundings } from './opfs-surroundings.ts';
import { FakeOpfs } from './test-support/fake-opfs.ts';
import { openWebStorage } from './web-storage.ts';

const opfs = new FakeOpfs();
const navigator = {
  storage: { getDirectory: () => Promise.resolve(opfs.directory) },
  locks: opfs.locks,
};
const withMethods = (...names: readonly string[]): NonNullable<Surroundings['FileSystemFileHandle']> => ({
  prototype: Object.fromEntries(names.map((name) => [name, () => undefined])),
});

describe('openWebStorage', () => {
  it('refuses names that are none before it looks for anything', async () => {
    const names = [
      '',
      '/',
      '.',
      '..',
      'a//b',
      '../a',
      'a/..',
      'a\\b',
      'a\u0000',
      'a\nb',
      '\ud800',
      'x'.repeat(193),
    ];
    for (const name of [...names, 7 as never, undefined as never]) {
      await expect(openWebStorage(name)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('says so where there is no file system for it', async () => {
    // In a browser there is one.
    const outcome = await openWebStorage('probe').then(
      (storage) => storage.close(),
      (error: unknown) => isStowageError(error, 'UNSUPPORTED') && error.message,
    );
    if (outcome !== undefined) expect(outcome).toContain('it needs a browser');
    else expect(globalThis).toHaveProperty('document');
  });
});

describe('findOpfs', () => {
  const failing = async (surroundings: Surroundings): Promise<string> => {
    try {
      await findOpfs(surroundings);
    } catch (error) {
      if (isStowageError(error, 'UNSUPPORTED')) return error.message;
    }
    throw new Error('it was expected to fail with UNSUPPORTED');
  };

  it('tells what is missing', async () => {
    const all = withMethods('createSyncAccessHandle', 'createWritable', 'move');
    for (const surroundings of [
      {},
      { navigator: {}, FileSystemFileHandle: all },
      { navigator: { storage: {}, locks: opfs.locks }, FileSystemFileHandle: all },
      { navigator: { storage: navigator.storage }, FileSystemFileHandle: all },
      { navigator },
    ]) {
      expect(await failing(surroundings)).toContain('https or from localhost');
    }
    expect(await failing({ navigator, FileSystemFileHandle: withMethods('createWritable') })).toContain(
      'move',
    );
    expect(await failing({ navigator, FileSystemFileHandle: withMethods('move') })).toContain('workers only');
  });

  it('tells when the browser keeps nothing', async () => {
    const storage = { getDirectory: () => Promise.reject(new DOMException('no', 'SecurityError')) };
    const surroundings = {
      navigator: { ...navigator, storage },
      FileSystemFileHandle: withMethods('createWritable', 'move'),
    };
    expect(await failing(surroundings)).toContain('private window');
  });

  it('writes in place where it can', async () => {
    const window = withMethods('createWritable', 'move');
    expect(await findOpfs({ navigator, FileSystemFileHandle: window })).toMatchObject({ inPlace: false });
    const worker = withMethods('createSyncAccessHandle', 'move');
    expect(await findOpfs({ navigator, FileSystemFileHandle: worker })).toMatchObject({ inPlace: true });
  });
});
