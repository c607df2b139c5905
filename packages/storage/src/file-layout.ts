import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import type { FileSystem } from './file-system.ts';
import { createOnce, ensureDirectory, failedWith, isTemporary, readFile, sweepTemporary } from './files.ts';
import { checkLayoutFile, initialLayout } from './oci-layout.ts';
import { join } from './paths.ts';

const MAX_LAYOUT_BYTES = 64 * 1024;

/** Makes a directory an OCI layout, or makes sure that it is one. */
export async function prepareLayout(fs: FileSystem, root: string, now: number): Promise<void> {
  const path = join(root, 'oci-layout');
  const found = (await readLayout(fs, path)) ?? (await claimDirectory(fs, root, path));
  if (found !== undefined) checkLayoutFile(found, path);
  for (const [name, bytes] of initialLayout()) await createOnce(fs, join(root, name), bytes);
  await ensureDirectory(fs, join(root, 'blobs', 'sha256'));
  await ensureDirectory(fs, join(root, 'ingest'));
  await sweepTemporary(fs, root, await fs.list(root), now);
}

/** Makes sure that a directory without `oci-layout` is free; answers the file if somebody else was quicker. */
async function claimDirectory(fs: FileSystem, root: string, path: string): Promise<Bytes | undefined> {
  await ensureDirectory(fs, root);
  const occupied = await isOccupied(fs, root);
  const found = await readLayout(fs, path);
  if (occupied && found === undefined) {
    throw new StowageError('INVALID_ARGUMENT', `${root} is neither empty nor an OCI image layout`);
  }
  return found;
}

async function isOccupied(fs: FileSystem, root: string): Promise<boolean> {
  try {
    return (await fs.list(root)).some(({ name }) => !isTemporary(name));
  } catch (cause) {
    if (!failedWith(cause, 'ENOTDIR')) throw cause;
    throw new StowageError('INVALID_ARGUMENT', `${root} is no directory`, { cause });
  }
}

function readLayout(fs: FileSystem, path: string): Promise<Bytes | undefined> {
  return readFile(fs, path, MAX_LAYOUT_BYTES);
}
