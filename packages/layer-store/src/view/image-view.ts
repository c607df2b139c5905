import { streamOf } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { ByteStream, History, LayerEntry, LayerReader, RangeOptions } from '@stowage/types';
import { compareBytes } from '../tree/byte-order.ts';
import { TreeLog } from '../tree/tree-log.ts';
import { joinPath, walkTree } from '../tree/tree-walk.ts';
import { globTree } from './glob.ts';
import { stepsOf } from './layer-steps.ts';
import type { LayerStep } from './layer-steps.ts';
import { searchTree } from './search.ts';
import type { SearchViewOptions } from './search.ts';
import { usageOf } from './usage.ts';
import type { DirectoryUsage } from './usage.ts';
import { wasteOf } from './waste.ts';
import type { WasteReport } from './waste.ts';
import { openContent } from '../content/layer-entry.ts';
import { openPart } from './open-part.ts';
import { buildTree } from '../tree/tree-builder.ts';
import type { TreeOptions } from '../tree/tree-builder.ts';
import { pathOf, resolvePath } from '../tree/tree-node.ts';
import type { TreeNode } from '../tree/tree-node.ts';

/** An entry of a merged image: its path is that in the image, and `layer` is where it comes from. */
export interface ViewEntry extends LayerEntry {
  /** The layer whose entry this is; `offset` counts in its tar stream. */
  readonly layer: LayerReader;
}

/**
 * The filesystem of an image, all its layers merged, as a container would see it. It is read-only and does not change.
 *
 * Paths are those of a process whose root is the image: slashes at either end do not matter, `..` stays at the root, an
 * absolute link begins at the root, and links in the middle of a path are followed. Every call that takes a path throws
 * `NOT_FOUND` where there is nothing, and `INVALID_ARGUMENT` beyond 40 symbolic links.
 */
export interface ImageView {
  /** What is in a directory, by name in the order of its bytes. `INVALID_ARGUMENT` for no directory. Default: the root. */
  list(path?: string): readonly ViewEntry[];
  /** What a path leads to, links followed: a hard link answers with the file that it stands for. */
  stat(path: string): ViewEntry;
  /** The entry at a path itself, as its layer has it, a symbolic or a hard link perhaps. */
  lstat(path: string): ViewEntry;
  /**
   * The content of a file, or a part of it, links followed. The layers must still be in their store.
   * `INVALID_ARGUMENT` for anything but a regular file, and for an offset beyond its end.
   */
  readFile(path: string, options?: RangeOptions): Promise<ByteStream>;
  /** Where a symbolic link points, as written. `INVALID_ARGUMENT` for anything else. */
  readlink(path: string): string;
  /** Every entry but the root, sorted by the bytes of its path, so that a directory comes before what is in it. */
  walk(): Iterable<ViewEntry>;
  /** The layer that put the entry at a path there; a link at the end is not followed. */
  provenance(path: string): LayerReader;
  /** As {@link ImageView.provenance}, with the number of the layer and the build step that made it, where history tells. */
  origin(path: string): EntryOrigin;
  /** The entry at a path, a hard link answered with the file that it stands for; a symbolic link is not followed. */
  resolveLink(path: string): ViewEntry;
  /**
   * The entries that a pattern matches, in the order of `walk`. `*`, `?` and `[a-z]`, `[!a-z]` stand for what is in one
   * name, dots included, `**` for any number of directories, `{a,b}` for either, a backslash takes the meaning of what
   * follows. Links are not followed. `INVALID_ARGUMENT` for a malformed pattern.
   */
  glob(pattern: string): Iterable<ViewEntry>;
  /**
   * Searches names, and contents line by line where asked to: first names in the order of `walk`, then contents in the
   * order of layers, each of which is read once. Contents that are no text are passed over.
   * `INVALID_ARGUMENT` for an empty query, and for no directory.
   *
   * @param query text that must occur, or an expression that must match; an expression is as slow as its author made it
   */
  search(query: string | RegExp, options?: SearchViewOptions): AsyncIterable<ViewMatch>;
  /**
   * How much is in a directory and in those below, in the order of paths. Default: the root, and what is in it.
   * `INVALID_ARGUMENT` for no directory.
   *
   * @param depth how many levels of directories are listed; 0 for the directory alone
   */
  usage(path?: string, depth?: number): readonly DirectoryUsage[];
  /** What the layers have that later layers hide, by path, and a score. */
  waste(): WasteReport;
}

/** What {@link openImageView} takes beside the layers. */
export interface ImageViewOptions extends TreeOptions {
  /** The `history` of the image's configuration, for {@link ImageView.origin}. */
  readonly history?: readonly History[] | undefined;
}

/** A name or a line that {@link ImageView.search} found. */
export interface ViewMatch {
  readonly entry: ViewEntry;
  /** The number of the line, from 1; absent where the name matches. */
  readonly line?: number;
  /** The line, without its end, at most 1,000 characters of it. */
  readonly text?: string;
}

/** Where an entry comes from. */
export interface EntryOrigin extends LayerStep {
  readonly layer: LayerReader;
  /** The number of the layer, base 0. */
  readonly index: number;
}

/**
 * Merges the layers of an image into one tree. Each layer is read once for its entries, unless its store remembers
 * them; contents are read when they are asked for. Hold the layers for as long as the view is used.
 *
 * @param layers base first; none for an image that has none
 * @param options a limit, and a signal
 * @throws `INVALID_ARCHIVE` for layers that cannot be unpacked, `LIMIT_EXCEEDED`, `DATA_LOSS`
 *
 * @example
 * ```ts
 * import { createTarWriter, streamOf } from '@stowage/core';
 * import { openImageView, openLayerStore } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const store = await openLayerStore({ storage: createMemoryStorage() });
 * const tar = createTarWriter();
 * const base = await store.register(streamOf(...tar.entry({ name: 'a' }), ...tar.entry({ name: 'b' }), tar.end()));
 * const top = await store.register(streamOf(...tar.entry({ name: '.wh.a' }), tar.end()), base.chainId);
 * const view = await openImageView([base, top]);
 * console.log([...view.walk()].map((entry) => entry.path)); // [ 'b' ]
 * ```
 */
export async function openImageView(
  layers: readonly LayerReader[],
  options: ImageViewOptions = {},
): Promise<ImageView> {
  const log = new TreeLog();
  const root = await buildTree(layers, options, log);
  return new TreeView(root, log, stepsOf(options.history ?? []));
}

class TreeView implements ImageView {
  readonly #root: TreeNode;
  readonly #log: TreeLog;
  /** The build step of each layer, as far as the history tells. */
  readonly #steps: readonly LayerStep[];
  #waste: WasteReport | undefined;

  constructor(root: TreeNode, log: TreeLog, steps: readonly LayerStep[]) {
    this.#root = root;
    this.#log = log;
    this.#steps = steps;
  }

  list(path = ''): readonly ViewEntry[] {
    const node = this.#directory(path);
    const prefix = pathOf(node);
    return [...(node.children?.values() ?? [])]
      .sort((a, b) => compareBytes(a.name, b.name))
      .map((child) => entryOf(child, joinPath(prefix, child.name)));
  }

  stat(path: string): ViewEntry {
    return fileOf(this.#find(path, true));
  }

  resolveLink(path: string): ViewEntry {
    return fileOf(this.#find(path, false));
  }

  lstat(path: string): ViewEntry {
    const node = this.#find(path, false);
    return entryOf(node, pathOf(node));
  }

  async readFile(path: string, options: RangeOptions = {}): Promise<ByteStream> {
    const { offset = 0, signal } = options;
    signal?.throwIfAborted();
    const node = this.#find(path, true);
    const { entry, layer } = node.source ?? node;
    if (entry.type === 'hardlink') {
      throw new StowageError('NOT_FOUND', `hard link to a missing file: ${path} -> ${entry.linkname ?? ''}`);
    }
    if (entry.type !== 'file') throw new StowageError('INVALID_ARGUMENT', `not a regular file: ${path}`);
    const wanted = options.length ?? entry.size;
    if (!isCount(offset) || !isCount(wanted) || offset > entry.size) {
      throw new StowageError('INVALID_ARGUMENT', `no such part of a file of ${entry.size} bytes: ${path}`);
    }
    const length = Math.min(wanted, entry.size - offset);
    if (length === 0) return streamOf();
    return openContent(entry, { offset, length }, (from, size) => openPart(layer, from, size, { signal }));
  }

  readlink(path: string): string {
    const node = this.#find(path, false);
    const { type, linkname } = (node.source ?? node).entry;
    if (type !== 'symlink' || linkname === undefined) {
      throw new StowageError('INVALID_ARGUMENT', `not a symbolic link: ${path}`);
    }
    return linkname;
  }

  *walk(): Generator<ViewEntry, void, undefined> {
    for (const { path, node } of walkTree(this.#root)) yield entryOf(node, path);
  }

  *glob(pattern: string): Generator<ViewEntry, void, undefined> {
    for (const { path, node } of globTree(this.#root, pattern)) yield entryOf(node, path);
  }

  async *search(
    query: string | RegExp,
    options: SearchViewOptions = {},
  ): AsyncGenerator<ViewMatch, void, undefined> {
    const directory = this.#directory(options.path ?? '');
    for await (const { path, node, ...place } of searchTree(directory, query, options)) {
      yield { entry: entryOf(node, path), ...place };
    }
  }

  usage(path = '', depth = 1): readonly DirectoryUsage[] {
    return usageOf(this.#directory(path), depth);
  }

  waste(): WasteReport {
    return (this.#waste ??= wasteOf(this.#root, this.#log));
  }

  provenance(path: string): LayerReader {
    return this.#find(path, false).layer;
  }

  origin(path: string): EntryOrigin {
    const { layer, generation } = this.#find(path, false);
    const index = Math.max(0, generation);
    return { layer, index, ...this.#steps[index] };
  }

  #directory(path: string): TreeNode {
    const node = this.#find(path, true);
    if (node.children === undefined) throw new StowageError('INVALID_ARGUMENT', `not a directory: ${path}`);
    return node;
  }

  #find(path: string, follow: boolean): TreeNode {
    const node = resolvePath(this.#root, path, { follow, loopCode: 'INVALID_ARGUMENT' });
    if (node === undefined) throw new StowageError('NOT_FOUND', `no such file or directory: ${path}`);
    return node;
  }
}

/** What a node stands for: of a hard link the file. */
function fileOf(node: TreeNode): ViewEntry {
  const { entry, layer } = node.source ?? node;
  return { ...entry, path: pathOf(node), layer };
}

function entryOf(node: TreeNode, path: string): ViewEntry {
  return { ...node.entry, path, layer: node.layer };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
