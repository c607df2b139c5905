import { isStowageError, StowageError } from '@stowage/types';
import type { AbortOptions, LayerEntry, LayerReader } from '@stowage/types';
import { EMPTY_LAYER } from '../content/empty-layer.ts';
import { cleanPath, costOf } from '../content/layer-entry.ts';
import { resolvePath } from './tree-node.ts';
import type { TreeNode, TreeSource } from './tree-node.ts';
import type { TreeLog } from './tree-log.ts';

/** What the name of an entry begins with that takes away what is beneath it. */
export const WHITEOUT = '.wh.';
const WHITEOUT_META = '.wh..wh.';
const WHITEOUT_OPAQUE = '.wh..wh..opq';
const WHITEOUT_LINKS = '.wh..wh.plnk/';
/** What fits into 4096 bytes, the longest path that Linux takes. */
const MAX_DEPTH = 2048;
const DEFAULT_MAX_ENTRIES = 2_000_000;
/** The most steps along paths for what each entry costs, more than there can be in it; only links onto links need more. */
const STEPS_PER_COST = 128;
/** What small images may need beyond that. */
const SPARE_STEPS = 1_000_000;

/** How layers are merged. */
export interface TreeOptions extends AbortOptions {
  /** The most entries of all layers together; one with long names counts as several. Default two million. */
  readonly maxEntries?: number | undefined;
}

/**
 * The root of the merged tree of layers, base first. `INVALID_ARCHIVE`, `LIMIT_EXCEEDED`, `DATA_LOSS`.
 *
 * @param log told of what disappears
 */
export async function buildTree(
  layers: readonly LayerReader[],
  options: TreeOptions = {},
  log?: TreeLog,
): Promise<TreeNode> {
  const maxEntries = options.maxEntries ?? DEFAULT_MAX_ENTRIES;
  const builder = new TreeBuilder(layers[0] ?? EMPTY_LAYER, maxEntries, log);
  for (const layer of layers) {
    builder.beginLayer(layer);
    for await (const entry of layer.entries(options)) builder.apply(entry);
  }
  return builder.root;
}

/**
 * Merges layers, base first, into one tree by the rules of the image specification ("Filesystem Layers"): a whiteout
 * hides what lower layers have, never what its own layer has, wherever in the layer it stands; a directory over a
 * directory merges; everything else replaces.
 */
class TreeBuilder {
  readonly root: TreeNode;
  readonly #maxCost: number;
  readonly #log: TreeLog | undefined;
  #layer: LayerReader;
  #generation = -1;
  #cost = 0;
  #steps = 0;
  /** Files that only hard links of this layer use, as aufs left them. */
  #links = new Map<string, TreeSource>();

  constructor(base: LayerReader, maxEntries: number, log: TreeLog | undefined) {
    this.#maxCost = maxEntries;
    this.#log = log;
    this.#layer = base;
    this.root = {
      name: '',
      parent: undefined,
      depth: 0,
      entry: implicitDirectory(''),
      layer: base,
      generation: -1,
      source: undefined,
      children: new Map(),
      opaque: -1,
    };
  }

  /** The entries that follow are those of `layer`. */
  beginLayer(layer: LayerReader): void {
    this.#layer = layer;
    this.#generation++;
    this.#links = new Map();
  }

  /** Applies the next entry. `INVALID_ARCHIVE`, `LIMIT_EXCEEDED`. */
  apply(entry: LayerEntry): void {
    const { path } = entry;
    this.#spend(costOf(entry));
    if (path === '') {
      this.#setEntry(this.root, entry);
      return;
    }
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const parentPath = path.slice(0, Math.max(0, slash));
    if (path.startsWith(WHITEOUT_META) && path !== WHITEOUT_OPAQUE) {
      if (path.startsWith(WHITEOUT_LINKS)) this.#links.set(name, { entry, layer: this.#layer });
    } else if (name.startsWith(WHITEOUT)) {
      this.#hide(parentPath, name);
    } else {
      this.#put(parentPath, name, entry);
    }
  }

  #put(parentPath: string, name: string, entry: LayerEntry): void {
    const parent = this.#directory(parentPath);
    const existing = parent.children.get(name);
    if (entry.type === 'dir' && existing?.children !== undefined) {
      this.#setEntry(existing, entry);
      return;
    }
    // A hard link to its own name means what is there now.
    const source = entry.type === 'hardlink' ? this.#linkSource(entry) : undefined;
    const node = this.#node(parent, name, entry, source);
    if (existing !== undefined) this.#log?.hide(existing, this.#layer, 'replaced');
    parent.children.set(name, node);
  }

  #hide(parentPath: string, name: string): void {
    const directory = this.#lookUp(parentPath, true);
    if (directory?.children === undefined) return;
    if (name === WHITEOUT_OPAQUE) {
      this.#hideBelow(directory);
      return;
    }
    const child = directory.children.get(name.slice(WHITEOUT.length));
    if (child === undefined) return;
    if (child.generation !== this.#generation) this.#log?.whiteout(child);
    this.#hideChild(directory, child);
  }

  /** Takes away what lower layers have in a directory. Once is enough: nothing of theirs comes after. */
  #hideBelow(directory: TreeNode): void {
    if (directory.opaque === this.#generation) return;
    directory.opaque = this.#generation;
    for (const child of directory.children?.values() ?? []) this.#hideChild(directory, child);
  }

  #hideChild(directory: TreeNode, child: TreeNode): void {
    if (child.children !== undefined) this.#hideBelow(child);
    if (child.generation === this.#generation) return;
    if (child.children === undefined || child.children.size === 0) {
      this.#log?.hide(child, this.#layer, 'removed');
      directory.children?.delete(child.name);
    }
    // What this layer has in it needs a directory, and the lower one is gone.
    else this.#setEntry(child, implicitDirectory(child.entry.path));
  }

  #linkSource({ path, linkname = '' }: LayerEntry): TreeSource | undefined {
    const target = cleanPath(linkname);
    if (target.startsWith(WHITEOUT_LINKS)) {
      const source = this.#links.get(target.slice(target.lastIndexOf('/') + 1));
      if (source === undefined) throw invalid(`Invalid aufs hardlink: ${path}`);
      return source;
    }
    const node = this.#lookUp(target, false);
    if (node === undefined || node.children !== undefined) return undefined;
    if (node.source !== undefined) return node.source;
    return node.entry.type === 'hardlink' ? undefined : { entry: node.entry, layer: node.layer };
  }

  /** What is at a path now; too many links on the way are as if there were nothing. */
  #lookUp(path: string, follow: boolean): TreeNode | undefined {
    try {
      return resolvePath(this.root, path, { follow, loopCode: 'INVALID_ARGUMENT', onStep: this.#onStep });
    } catch (error) {
      if (isStowageError(error, 'INVALID_ARGUMENT')) return undefined;
      throw error;
    }
  }

  /** The directory at a path, made where it is missing. */
  #directory(path: string): TreeNode & { readonly children: Map<string, TreeNode> } {
    const node = resolvePath(this.root, path, {
      follow: true,
      loopCode: 'INVALID_ARCHIVE',
      onStep: this.#onStep,
      make: this.#make,
    });
    if (!isDirectory(node)) throw invalid(`not a directory, but a layer has entries in it: ${path}`);
    return node;
  }

  readonly #make = (directory: TreeNode, name: string): TreeNode => {
    const path = directory.entry.path === '' ? name : `${directory.entry.path}/${name}`;
    this.#spend(1);
    const node = this.#node(directory, name, implicitDirectory(path), undefined);
    directory.children?.set(name, node);
    return node;
  };

  readonly #onStep = (): void => {
    this.#steps++;
    if (this.#steps > SPARE_STEPS + STEPS_PER_COST * this.#cost) throw limit('its links lead too far');
  };

  #node(parent: TreeNode, name: string, entry: LayerEntry, source: TreeSource | undefined): TreeNode {
    if (parent.depth >= MAX_DEPTH) throw limit(`more than ${MAX_DEPTH} directories in one another`);
    return {
      name,
      parent,
      depth: parent.depth + 1,
      entry,
      layer: this.#layer,
      generation: this.#generation,
      source,
      children: entry.type === 'dir' ? new Map() : undefined,
      opaque: -1,
    };
  }

  #setEntry(node: TreeNode, entry: LayerEntry): void {
    node.entry = entry;
    node.layer = this.#layer;
    node.generation = this.#generation;
  }

  #spend(cost: number): void {
    this.#cost += cost;
    if (this.#cost > this.#maxCost) throw limit(`more than ${this.#maxCost} entries`);
  }
}

/** A directory that a layer uses without an entry for it. */
function implicitDirectory(path: string): LayerEntry {
  return { path, type: 'dir', size: 0, mode: 0o755, uid: 0, gid: 0, mtime: 0, offset: 0 };
}

function isDirectory(
  node: TreeNode | undefined,
): node is TreeNode & { readonly children: Map<string, TreeNode> } {
  return node?.children !== undefined;
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', message);
}

function limit(what: string): StowageError {
  return new StowageError('LIMIT_EXCEEDED', `image view refused: ${what}`);
}
