import type { LayerEntry } from '@stowage/types';
import { walkTree } from '../tree/tree-walk.ts';
import { pathOf } from '../tree/tree-node.ts';
import type { TreeNode } from '../tree/tree-node.ts';

/** How much is in a directory, and in all directories in it. */
export interface DirectoryUsage {
  /** The path of the directory; empty for the root. */
  readonly path: string;
  /** Bytes of content. What several names stand for counts once, under the first of them. */
  readonly bytes: number;
  /** How many entries there are, itself not counted. */
  readonly entries: number;
}

/** The sizes of a directory and of those in it, down to a depth, in the order of their paths. */
export function usageOf(directory: TreeNode, depth: number): DirectoryUsage[] {
  const usage = new Map<TreeNode, { path: string; bytes: number; entries: number }>();
  usage.set(directory, { path: pathOf(directory), bytes: 0, entries: 0 });
  const counted = new Set<LayerEntry>();
  for (const { path, node } of walkTree(directory)) {
    const isShown = node.children !== undefined && node.depth - directory.depth <= depth;
    if (isShown) usage.set(node, { path, bytes: 0, entries: 0 });
    const { entry } = node.source ?? node;
    const bytes = entry.type === 'file' && !counted.has(entry) ? entry.size : 0;
    if (bytes > 0) counted.add(entry);
    for (let at = node.parent; at !== undefined; at = at.parent) {
      const sum = usage.get(at);
      if (sum !== undefined) {
        sum.bytes += bytes;
        sum.entries++;
      }
      if (at === directory) break;
    }
  }
  return [...usage.values()];
}
