import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleScript } from '../../support/bundle-script.ts';
import { bytesOf } from './large-bytes.ts';

/** A program that is run with a small heap. */
export interface LargeProgram {
  readonly path: string;
  remove(): Promise<void>;
}

const CACHE = fileURLToPath(new URL('../../../.cache', import.meta.url));

/** Bundles a program, so that Node needs nothing but itself to run it. */
export async function bundleProgram(url: URL): Promise<LargeProgram> {
  // Within the workspace: the program finds the packages that it does not have in it.
  await mkdir(CACHE, { recursive: true });
  const directory = await mkdtemp(join(CACHE, 'large-blob-'));
  const path = join(directory, 'child.mjs');
  await bundleScript(url, path);
  return { path, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** The digest of a blob of so many bytes. */
export function largeDigest(size: number): string {
  const hash = createHash('sha256');
  for (const piece of bytesOf(0, size)) hash.update(piece);
  return `sha256:${hash.digest('hex')}`;
}
