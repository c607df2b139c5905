import { StowageError } from '@stowage/types';
import type { ErrorCode, LayerEntry, LayerReader } from '@stowage/types';

/** What a name stands for: an entry, and the layer that has its content. */
export interface TreeSource {
  readonly entry: LayerEntry;
  readonly layer: LayerReader;
}

/** A name in the merged tree of an image. */
export interface TreeNode {
  readonly name: string;
  /** `undefined` for the root. */
  readonly parent: TreeNode | undefined;
  readonly depth: number;
  /** The entry that put it here; its path is the layer's, which a symbolic link on the way may have moved. */
  entry: LayerEntry;
  layer: LayerReader;
  /** The number of that layer, base 0. */
  generation: number;
  /** What a hard link stands for; `undefined` for everything else, and for one whose target is missing. */
  readonly source: TreeSource | undefined;
  /** Of a directory. */
  readonly children: Map<string, TreeNode> | undefined;
  /** The number of the layer that last took away everything that lower layers have in this directory. */
  opaque: number;
}

/** How a path is followed. */
export interface ResolveOptions {
  /** Whether a symbolic link at the end is followed too. */
  readonly follow: boolean;
  /** The code of the error for too many symbolic links. */
  readonly loopCode: ErrorCode;
  /** Told of every step. */
  onStep?(): void;
  /** Makes what is missing, where it can. */
  make?(directory: TreeNode, name: string): TreeNode;
}

const MAX_LINKS = 40;

/**
 * Follows a path from the root, as Linux does for a process that sees nothing but the tree: an absolute link begins at
 * its root, and `..` stays at the root. `undefined` where something is missing or no directory.
 */
export function resolvePath(root: TreeNode, path: string, options: ResolveOptions): TreeNode | undefined {
  // The next segment stands last.
  const segments = path.split('/').reverse();
  let node = root;
  let links = 0;
  for (let segment = segments.pop(); segment !== undefined; segment = segments.pop()) {
    if (segment === '' || segment === '.') continue;
    options.onStep?.();
    if (node.children === undefined) return undefined;
    if (segment === '..') {
      node = node.parent ?? node;
      continue;
    }
    const child: TreeNode | undefined = node.children.get(segment) ?? options.make?.(node, segment);
    if (child === undefined) return undefined;
    const { type, linkname } = (child.source ?? child).entry;
    if (type !== 'symlink' || (segments.length === 0 && !options.follow)) {
      node = child;
      continue;
    }
    links++;
    if (links > MAX_LINKS)
      throw new StowageError(options.loopCode, `too many levels of symbolic links: ${path}`);
    if (linkname === undefined || linkname === '') return undefined;
    if (linkname.startsWith('/')) node = root;
    segments.push(...linkname.split('/').reverse());
  }
  return node;
}

/** The path of a node from the root; empty for the root. */
export function pathOf(node: TreeNode): string {
  const names: string[] = [];
  for (let at = node; at.parent !== undefined; at = at.parent) names.push(at.name);
  return names.reverse().join('/');
}
