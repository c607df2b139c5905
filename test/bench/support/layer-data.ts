import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EntryToBuild } from '../../support/image-builder.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MODULES = 'node_modules';
/** The programs of the runtimes: large files of machine code. */
export const RUNTIME_MODULES = 'test/runtime/node_modules';

/** Entries of a layer that looks like those of real images: source text and machine code of the packages installed here. */
export async function realisticEntries(
  packages: readonly string[],
  modules: string = MODULES,
): Promise<EntryToBuild[]> {
  const entries: EntryToBuild[] = [];
  for (const name of packages) {
    const root = join(ROOT, modules, name);
    for (const path of (await readdir(root, { recursive: true })).sort()) {
      const file = join(root, path);
      if (!(await stat(file)).isFile()) continue;
      entries.push({ name: `usr/lib/${name}/${path}`, content: await readFile(file) });
    }
  }
  return entries;
}
