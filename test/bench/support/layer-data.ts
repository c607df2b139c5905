import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EntryToBuild } from '../../support/image-builder.ts';

const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** Entries of a layer that looks like those of real images: source text and machine code of the packages installed here. */
export async function realisticEntries(packages: readonly string[]): Promise<EntryToBuild[]> {
  const entries: EntryToBuild[] = [];
  for (const name of packages) {
    const root = join(MODULES, name);
    for (const path of (await readdir(root, { recursive: true })).sort()) {
      const file = join(root, path);
      if (!(await stat(file)).isFile()) continue;
      entries.push({ name: `usr/lib/${name}/${path}`, content: await readFile(file) });
    }
  }
  return entries;
}
