import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { encodeTarText, iterate } from '@stowage/core';
import type { ImageView, ViewEntry } from '@stowage/layer-store';
import { findProgram } from '../../../tools/programs.mjs';
import { writeLayout } from '../../bench/support/write-layout.ts';
import type { BuiltImage } from '../../support/image-builder.ts';
import { listDirectory } from '../../support/listed-directory.ts';
import type { ListedFile } from '../../support/listed-directory.ts';
import { runCommand } from './run-command.ts';

/** Whether umoci is there. */
export const hasUmoci: boolean = findProgram('umoci') !== undefined;

/** Unpacks an image with umoci below a directory, which is not there yet, and lists what it has made. */
export async function unpackWithUmoci(
  image: BuiltImage,
  directory: string,
  ...flags: readonly string[]
): Promise<Map<string, ListedFile>> {
  const layout = join(directory, 'layout');
  await writeLayout(layout, image, 'v1');
  const bundle = join(directory, 'bundle');
  await runCommand('umoci', ['unpack', ...flags, '--image', `${layout}:v1`, bundle]);
  return listDirectory(join(bundle, 'rootfs'));
}

/** All that a view has, as {@link listDirectory} tells it of a directory; every file is read, unless `content` is false. */
export async function listView(
  view: ImageView,
  { content = true }: { readonly content?: boolean } = {},
): Promise<Map<string, ListedFile>> {
  const entries = new Map<string, ViewEntry>([['', view.stat('/')]]);
  const names = new Map<string, string[]>();
  for (const entry of view.walk()) {
    const name = inHex(entry.path);
    const file = entry.type === 'symlink' ? entry : view.stat(entry.path);
    entries.set(name, file);
    names.set(inodeOf(file), [...(names.get(inodeOf(file)) ?? []), name]);
  }
  const hashes = new Map<string, string>();
  const listed = new Map<string, ListedFile>();
  for (const [name, entry] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const inode = inodeOf(entry);
    if (content && entry.type === 'file' && !hashes.has(inode))
      hashes.set(inode, await hashFile(view, entry, name));
    listed.set(name, describeEntry(entry, names.get(inode) ?? [], hashes.get(inode)));
  }
  return listed;
}

/** A listing of files that were not read. */
export function withoutContent(listing: ReadonlyMap<string, ListedFile>): Map<string, ListedFile> {
  return new Map([...listing].map(([name, { sha256: _, ...file }]) => [name, file]));
}

/** A listing that compares: the times of directories that no layer has an entry for are anybody's. */
export function comparable(
  listing: ReadonlyMap<string, ListedFile>,
  implicit: ReadonlySet<string> = new Set(),
): object {
  return Object.fromEntries(
    [...listing].map(([name, file]) => {
      // The mode of a symbolic link means nothing.
      const { mode, mtime, ...rest } = file;
      const path = Buffer.from(name, 'hex').toString('latin1');
      const known = file.type === 'symlink' ? rest : { mode, ...rest };
      return [path, implicit.has(path) ? known : { ...known, mtime }];
    }),
  );
}

function describeEntry(entry: ViewEntry, names: readonly string[], sha256: string | undefined): ListedFile {
  const { type, mode, uid, gid, mtime, size, linkname = '', devmajor = 0, devminor = 0 } = entry;
  const known = { type, mode, owner: `${String(uid)}:${String(gid)}`, mtime: Math.floor(mtime) };
  if (type === 'dir') return known;
  if (type === 'symlink') return { ...known, target: inHex(linkname) };
  // The number of a device with a minor below 256, as Linux has it.
  if (type !== 'file') return { ...known, device: devmajor * 256 + devminor };
  const read = sha256 === undefined ? {} : { sha256 };
  return { ...known, size, ...read, ...(names.length > 1 ? { names: [...names].sort() } : {}) };
}

/** What names of the same file have in common. */
function inodeOf({ layer, offset }: ViewEntry): string {
  return `${layer.diffId} ${String(offset)}`;
}

async function hashFile(view: ImageView, { size }: ViewEntry, name: string): Promise<string> {
  const hash = createHash('sha256');
  const path = Buffer.from(name, 'hex').toString();
  if (size > 0) for await (const bytes of iterate(await view.readFile(path))) hash.update(bytes);
  return hash.digest('hex');
}

function inHex(text: string): string {
  return Buffer.from(encodeTarText(text)).toString('hex');
}
