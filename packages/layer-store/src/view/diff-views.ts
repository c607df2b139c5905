import { drain, hashStream } from '@stowage/core';
import type { AbortOptions, Digest } from '@stowage/types';
import { compareBytes } from '../tree/byte-order.ts';
import type { ImageView, ViewEntry } from './image-view.ts';
import { LayerFiles } from './layer-contents.ts';

/** What of an entry can differ. `link` is the target of a symbolic link, `device` the numbers of a device. */
export type ViewChange =
  'type' | 'mode' | 'owner' | 'mtime' | 'size' | 'content' | 'link' | 'device' | 'xattrs';

/** A path at which two images differ. */
export interface ViewDifference {
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** The entry of the first image; absent where the path was added. */
  readonly before?: ViewEntry;
  /** The entry of the second image; absent where the path was removed. */
  readonly after?: ViewEntry;
  /** What has changed; empty for what was added or removed. */
  readonly changes: readonly ViewChange[];
}

/** How two images are compared. */
export interface DiffViewsOptions extends AbortOptions {
  /** Whether times count. Default `false`: a build that is repeated changes them all. */
  readonly times?: boolean | undefined;
  /** Whether files of one size are read and compared; without, only their sizes count. Default `true`. */
  readonly contents?: boolean | undefined;
}

/** The content of a file, once it has been read. */
interface Content {
  digest: Digest | undefined;
}

/**
 * Compares two images path by path: type, mode, owner, target, device, attributes, size and content. For two layers open
 * a view of each alone. Hard links count as the files that they stand for. Contents are read only where two files of one
 * size are not the same bytes of the same layer, and each layer is then read once.
 *
 * @param before the one to compare with
 * @param after the other one
 * @param options what counts
 * @returns the differences, sorted by the bytes of their paths
 *
 * @example
 * ```ts
 * import { createTarWriter, streamOf } from '@stowage/core';
 * import { diffViews, openImageView, openLayerStore } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const store = await openLayerStore({ storage: createMemoryStorage() });
 * const tar = createTarWriter();
 * const base = await store.register(streamOf(...tar.entry({ name: 'a' }), tar.end()));
 * const top = await store.register(streamOf(...tar.entry({ name: 'b' }), tar.end()), base.chainId);
 * const differences = await diffViews(await openImageView([base]), await openImageView([base, top]));
 * console.log(differences.map(({ kind, path }) => `${kind} ${path}`)); // [ 'added b' ]
 * ```
 */
export async function diffViews(
  before: ImageView,
  after: ImageView,
  options: DiffViewsOptions = {},
): Promise<ViewDifference[]> {
  const { times = false, contents = true, signal } = options;
  const files = new LayerFiles<Content>();
  const differences: (ViewDifference & { readonly contents?: readonly [Content, Content] })[] = [];
  for (const [old, now] of pairsOf(before, after)) {
    if (old === undefined) differences.push({ path: now.path, kind: 'added', after: now, changes: [] });
    else if (now === undefined)
      differences.push({ path: old.path, kind: 'removed', before: old, changes: [] });
    else {
      const [a, b] = [contentOf(before, old), contentOf(after, now)];
      const changes = changesOf(a, b, times);
      const isRead =
        contents && a.type === 'file' && !changes.includes('type') && a.size === b.size && !isSame(a, b);
      if (!isRead && changes.length === 0) continue;
      const both = isRead && a.size > 0 ? ([contentIn(files, a), contentIn(files, b)] as const) : undefined;
      const difference = { path: now.path, kind: 'changed', before: old, after: now, changes } as const;
      differences.push(both === undefined ? difference : { ...difference, contents: both });
    }
  }
  for await (const { file, body } of files.contents({ signal })) {
    const hashed = hashStream(body, ({ digest }) => {
      file.digest = digest;
    });
    await drain(hashed, ignore, { signal });
  }
  return differences.flatMap(({ contents: both, ...difference }) => {
    const differ = both !== undefined && both[0].digest !== both[1].digest;
    const changes = differ ? [...difference.changes, 'content' as const] : difference.changes;
    return difference.kind === 'changed' && changes.length === 0 ? [] : [{ ...difference, changes }];
  });
}

/** The entries of two views that have one path, in the order of paths; one of a pair may be missing. */
function* pairsOf(
  before: ImageView,
  after: ImageView,
): Generator<[ViewEntry, ViewEntry | undefined] | [undefined, ViewEntry]> {
  const [left, right] = [before.walk()[Symbol.iterator](), after.walk()[Symbol.iterator]()];
  let [old, now] = [left.next(), right.next()];
  while (old.done !== true || now.done !== true) {
    const order =
      now.done === true ? -1 : old.done === true ? 1 : compareBytes(old.value.path, now.value.path);
    if (order <= 0 && old.done !== true)
      yield [old.value, order === 0 && now.done !== true ? now.value : undefined];
    else if (now.done !== true) yield [undefined, now.value];
    if (order <= 0) old = left.next();
    if (order >= 0) now = right.next();
  }
}

/** What is compared: for a hard link the file that it stands for. */
function contentOf(view: ImageView, entry: ViewEntry): ViewEntry {
  return entry.type === 'hardlink' ? view.resolveLink(entry.path) : entry;
}

function contentIn(files: LayerFiles<Content>, entry: ViewEntry): Content {
  return files.at(entry.layer, entry, () => ({ digest: undefined }));
}

/** Whether two entries are one of a tar. A layer without one counts offsets as it likes. */
function isSame(a: ViewEntry, b: ViewEntry): boolean {
  const isOneLayer =
    a.layer === b.layer ||
    (a.layer.diffId === b.layer.diffId && a.layer.tarStream !== undefined && b.layer.tarStream !== undefined);
  return isOneLayer && a.offset === b.offset;
}

function changesOf(a: ViewEntry, b: ViewEntry, times: boolean): ViewChange[] {
  if (a.type !== b.type) return ['type'];
  const changes: ViewChange[] = [];
  if (a.mode !== b.mode && a.type !== 'symlink') changes.push('mode');
  if (a.uid !== b.uid || a.gid !== b.gid) changes.push('owner');
  if (times && a.mtime !== b.mtime) changes.push('mtime');
  if (a.size !== b.size) changes.push('size', 'content');
  if (a.linkname !== b.linkname) changes.push('link');
  if (a.devmajor !== b.devmajor || a.devminor !== b.devminor) changes.push('device');
  if (!haveSameAttributes(a.xattrs, b.xattrs)) changes.push('xattrs');
  return changes;
}

function haveSameAttributes(a: ViewEntry['xattrs'] = {}, b: ViewEntry['xattrs'] = {}): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
  );
}

/** The digest is all that is wanted. */
function ignore(): void {
  // Nothing to do.
}
