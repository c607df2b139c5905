import { streamOf } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { ByteStream, Layer, LayerEntry, RangeOptions } from '@stowage/types';
import { compareBytes } from '../tree/byte-order.ts';
import { openContent } from '../content/layer-entry.ts';
import { sliceStream } from '../content/slice-stream.ts';
import { buildTree } from '../tree/tree-builder.ts';
import type { TreeOptions } from '../tree/tree-builder.ts';
import { pathOf, resolvePath } from '../tree/tree-node.ts';
import type { TreeNode } from '../tree/tree-node.ts';

/** An entry of a merged image: its path is that in the image, and `layer` is where it comes from. */
export interface ViewEntry extends LayerEntry {
  /** The layer whose entry this is; `offset` counts in its tar stream. */
  readonly layer: Layer;
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
  provenance(path: string): Layer;
}

/** What {@link openImageView} takes beside the layers. */
export type ImageViewOptions = TreeOptions;

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
  layers: readonly Layer[],
  options: ImageViewOptions = {},
): Promise<ImageView> {
  return new TreeView(await buildTree(layers, options));
}

class TreeView implements ImageView {
  readonly #root: TreeNode;

  constructor(root: TreeNode) {
    this.#root = root;
  }

  list(path = ''): readonly ViewEntry[] {
    const node = this.#find(path, true);
    if (node.children === undefined) throw new StowageError('INVALID_ARGUMENT', `not a directory: ${path}`);
    const prefix = pathOf(node);
    return [...node.children.values()]
      .sort((a, b) => compareBytes(a.name, b.name))
      .map((child) => entryOf(child, join(prefix, child.name)));
  }

  stat(path: string): ViewEntry {
    const node = this.#find(path, true);
    const { entry, layer } = node.source ?? node;
    return { ...entry, path: pathOf(node), layer };
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
    return openContent(entry, { offset, length }, async (from, size) => {
      if (layer.readRange !== undefined) return layer.readRange(from, size, { signal });
      const tar = await layer.tarStream({ signal });
      return sliceStream(tar.getReader(), from, size);
    });
  }

  readlink(path: string): string {
    const node = this.#find(path, false);
    const { type, linkname } = (node.source ?? node).entry;
    if (type !== 'symlink' || linkname === undefined) {
      throw new StowageError('INVALID_ARGUMENT', `not a symbolic link: ${path}`);
    }
    return linkname;
  }

  /**
   * What is in a directory comes after siblings like `dir-2` and `dir.txt`, whose next byte is less than a slash; so
   * each directory has two turns among its siblings, as `dir` and as `dir/`.
   */
  *walk(): Generator<ViewEntry, void, undefined> {
    const stack = [{ prefix: '', turns: turnsOf(this.#root) }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const turn = top.turns.pop();
      if (turn === undefined) {
        stack.pop();
        continue;
      }
      const path = join(top.prefix, turn.node.name);
      if (turn.below) stack.push({ prefix: path, turns: turnsOf(turn.node) });
      else yield entryOf(turn.node, path);
    }
  }

  provenance(path: string): Layer {
    return this.#find(path, false).layer;
  }

  #find(path: string, follow: boolean): TreeNode {
    const node = resolvePath(this.#root, path, { follow, loopCode: 'INVALID_ARGUMENT' });
    if (node === undefined) throw new StowageError('NOT_FOUND', `no such file or directory: ${path}`);
    return node;
  }
}

interface Turn {
  readonly key: string;
  readonly node: TreeNode;
  /** Whether this is the turn of what is in the node. */
  readonly below: boolean;
}

/** The turns of a directory's children, the next one last. */
function turnsOf(directory: TreeNode): Turn[] {
  const turns: Turn[] = [];
  for (const node of directory.children?.values() ?? []) {
    turns.push({ key: node.name, node, below: false });
    if (node.children !== undefined && node.children.size > 0) {
      turns.push({ key: `${node.name}/`, node, below: true });
    }
  }
  return turns.sort((a, b) => compareBytes(b.key, a.key));
}

function entryOf(node: TreeNode, path: string): ViewEntry {
  return { ...node.entry, path, layer: node.layer };
}

function join(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}/${name}`;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
