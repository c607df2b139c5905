import { compareBytes } from './byte-order.ts';
import { pathOf } from './tree-node.ts';
import type { TreeNode } from './tree-node.ts';

/** A node and its path. */
export interface WalkedNode {
  readonly path: string;
  readonly node: TreeNode;
}

interface Turn {
  readonly key: string;
  readonly node: TreeNode;
  /** Whether this is the turn of what is in the node. */
  readonly below: boolean;
}

/**
 * Every node in a directory, sorted by the bytes of its path, so that a directory comes before what is in it. What is in
 * it comes after siblings like `dir-2` and `dir.txt`, whose next byte is less than a slash; so each directory has two
 * turns among its siblings, as `dir` and as `dir/`.
 */
export function* walkTree(directory: TreeNode): Generator<WalkedNode, void, undefined> {
  const stack = [{ prefix: pathOf(directory), turns: turnsOf(directory) }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const turn = top.turns.pop();
    if (turn === undefined) {
      stack.pop();
      continue;
    }
    const path = joinPath(top.prefix, turn.node.name);
    if (turn.below) stack.push({ prefix: path, turns: turnsOf(turn.node) });
    else yield { path, node: turn.node };
  }
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

/** The path of a name in a directory; that of the root is empty. */
export function joinPath(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}/${name}`;
}
