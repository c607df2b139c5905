import { isStowageError } from '@stowage/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openStorageOn } from './file-storage.ts';
import type { FileSystem } from './file-system.ts';
import { MortalFileSystem } from './test-support/mortal-file-system.ts';

/** Names that no file has on Windows. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** A file system, and every name that it was ever given. */
function recording(): { readonly fs: FileSystem; readonly names: Set<string> } {
  const names = new Set<string>();
  const fs = new Proxy<FileSystem>(new MortalFileSystem(), {
    get: (target, method) => {
      const call = Reflect.get(target, method) as (...args: readonly unknown[]) => unknown;
      return (...args: readonly unknown[]) => {
        for (const path of args) {
          if (typeof path === 'string' && path.startsWith('/'))
            path.split('/').forEach((name) => names.add(name));
        }
        return Reflect.apply(call, target, args);
      };
    },
  });
  return { fs, names };
}

const devices = fc.constantFrom('con', 'CON', 'prn', 'aux', 'nul', 'NUL', 'com1', 'Lpt9', 'con.json', 'nul.');
const word = fc.oneof(devices, fc.stringMatching(/^[A-Za-z0-9._ -]{0,12}$/), fc.string({ maxLength: 6 }));
const key = fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

/** What does not pass its gate is refused; nothing else may go wrong. */
async function tryTo(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    // A key that is a folder of another is the caller's fault.
    if (!isStowageError(error, 'INVALID_ARGUMENT') && !isStowageError(error, 'STORAGE')) throw error;
  }
}

describe('the names of files', () => {
  it('are good on Windows, whatever a caller asks for', async () => {
    const { fs, names } = recording();
    const storage = await openStorageOn(fs, '/store');
    const value = new Uint8Array(1);
    await fc.assert(
      fc.asyncProperty(word, key, word, async (namespace, path, name) => {
        await tryTo(() => storage.metadata.set(namespace, path, value));
        await tryTo(() => storage.metadata.set('x', path, value));
        await tryTo(async () => {
          const ingest = await storage.content.ingest(`${path}${name}`, { labels: { a: name } });
          await ingest.write(value);
          await ingest.commit();
        });
        await tryTo(async () => (await storage.lock(name))[Symbol.asyncDispose]());
      }),
      { numRuns: 300 },
    );
    await storage.close();
    expect(names.size).toBeGreaterThan(300);
    for (const name of names) {
      expect(name).not.toMatch(DEVICE);
      expect(name).not.toMatch(/(?![\u007f-\u009f])\p{Cc}|[<>:"|?*\\]|[. ]$/u);
    }
  });
});
