import type { LayerEntry, LayerReader } from '@stowage/types';
import { pathOf } from './tree-node.ts';
import type { TreeNode } from './tree-node.ts';

/** A file with content that is not under its name any more: another layer has taken it away, or put something there. */
export interface HiddenFile {
  readonly path: string;
  readonly entry: LayerEntry;
  readonly layer: LayerReader;
  readonly hiddenBy: LayerReader;
  readonly how: 'replaced' | 'removed';
}

/** A whiteout that took something away. */
export interface AppliedWhiteout {
  /** Of what it took away. */
  readonly path: string;
  /** Bytes of the files in it, where that was a directory; 0 for anything else. */
  readonly directoryBytes: number;
}

/** What disappears while layers are merged. */
export class TreeLog {
  readonly hidden: HiddenFile[] = [];
  readonly whiteouts: AppliedWhiteout[] = [];

  /** Notes that a layer takes something away, or puts something in its place, with everything that is in it. */
  hide(node: TreeNode, hiddenBy: LayerReader, how: HiddenFile['how']): void {
    for (const { entry, layer, path } of filesIn(node))
      this.hidden.push({ path, entry, layer, hiddenBy, how });
  }

  /** Notes that a whiteout is about to take something away. */
  whiteout(node: TreeNode): void {
    let directoryBytes = 0;
    if (node.children !== undefined) for (const { entry } of filesIn(node)) directoryBytes += entry.size;
    this.whiteouts.push({ path: pathOf(node), directoryBytes });
  }
}

/** The files with content in a node, itself counted; a hard link has none of its own. */
function* filesIn(top: TreeNode): Generator<Pick<HiddenFile, 'path' | 'entry' | 'layer'>, void, undefined> {
  const stack = [{ node: top, path: pathOf(top) }];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { node, path } = at;
    const { entry, layer, children } = node;
    if (entry.type === 'file' && entry.size > 0) yield { path, entry, layer };
    for (const child of children?.values() ?? []) stack.push({ node: child, path: `${path}/${child.name}` });
  }
}
