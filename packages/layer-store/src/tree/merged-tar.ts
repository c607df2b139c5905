import { createTarWriter, readTar } from '@stowage/core';
import type { TarEntryInit } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, LayerReader, LayerTarReader } from '@stowage/types';
import { buildTree, WHITEOUT } from './tree-builder.ts';
import { pathOf } from './tree-node.ts';
import type { TreeNode } from './tree-node.ts';

/** The names under which the entries of a layer are there in the end, by where their content is in its tar. */
type Places = Map<number, string[]>;

/** What a merged tar has in it. */
interface Plan {
  readonly directories: readonly TarEntryInit[];
  readonly places: ReadonlyMap<LayerReader, Places>;
}

/**
 * The bytes of a tar that leads from one stack of layers to a taller one: what the layers in between bring, as it is in
 * the end, and whiteouts for what they take away. Every layer is read once, in its own order, so that memory holds names
 * and no contents. A hard link whose file is beneath comes as a file: the tar stands by itself.
 *
 * @param stack base first
 * @param beneath how many layers of the stack are there already; 0 flattens all of it
 * @throws `INVALID_ARCHIVE` for layers that cannot be unpacked, `LIMIT_EXCEEDED`, `DATA_LOSS`
 */
export async function* mergedTar(
  stack: readonly LayerTarReader[],
  beneath: number,
  options: AbortOptions = {},
): AsyncGenerator<Bytes, void, undefined> {
  const root = await buildTree(stack, options);
  const lower = beneath === 0 ? undefined : await buildTree(stack.slice(0, beneath), options);
  const { directories, places: placesOf } = planOf(root, beneath);
  const writer = createTarWriter();
  if (lower !== undefined) for (const name of removedFrom(lower, root)) yield* writer.entry({ name });
  // All of them before anything is put into one: beneath there may be a link in the place of a directory.
  for (const directory of directories) yield* writer.entry(directory);
  for (const layer of stack) {
    const places = placesOf.get(layer);
    if (places === undefined) continue;
    const tar = await layer.tarStream(options);
    const reader = tar.pipeThrough(readTar()).getReader();
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        const { header, body } = next.value;
        const [name, ...others] = places.get(header.offset) ?? [];
        if (name === undefined) continue;
        if (header.type === 'file') yield* writer.stream({ ...header, name }, body);
        else yield* writer.entry({ ...header, name });
        const { mode, uid, gid, mtime } = header;
        const link = { type: 'hardlink', linkname: name, mode, uid, gid, mtime } as const;
        for (const other of others) yield* writer.entry({ ...link, name: other });
      }
    } finally {
      // Of one that has ended or failed there is nothing left to free.
      await reader.cancel().catch(() => undefined);
    }
  }
  yield writer.end();
}

function planOf(root: TreeNode, beneath: number): Plan {
  const places = new Map<LayerReader, Places>();
  const directories: TarEntryInit[] = [];
  for (const node of nodesOf(root)) {
    if (node.generation < beneath) continue;
    const { entry, layer } = node.source ?? node;
    const path = expressible(node);
    if (entry.type === 'hardlink') {
      throw invalid(`hard link to a missing file: ${path} -> ${entry.linkname ?? ''}`);
    }
    if (entry.type === 'dir') {
      directories.push({ ...entry, name: path === '' ? './' : path });
      continue;
    }
    const ofLayer = places.get(layer) ?? new Map<number, string[]>();
    places.set(layer, ofLayer);
    const names = ofLayer.get(entry.offset) ?? [];
    ofLayer.set(entry.offset, names);
    names.push(path);
  }
  return { directories, places };
}

/** Whiteouts for what a directory of the lower tree has that the same directory of the upper one has not. */
function removedFrom(lower: TreeNode, upper: TreeNode): string[] {
  const removed: string[] = [];
  const pairs: [TreeNode, TreeNode][] = [[lower, upper]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [below, above] = pair;
    for (const child of below.children?.values() ?? []) {
      const kept = above.children?.get(child.name);
      if (kept === undefined) {
        const path = expressible(child);
        removed.push(path.slice(0, path.length - child.name.length) + WHITEOUT + child.name);
      } else if (kept.children !== undefined && child.children !== undefined) {
        pairs.push([child, kept]);
      }
    }
  }
  return removed;
}

/** The path of a node. Some archives have directories with the name of a whiteout; none can be made that says so. */
function expressible(node: TreeNode): string {
  const path = pathOf(node);
  if (node.name.startsWith(WHITEOUT)) throw invalid(`has the name of a whiteout and is none: ${path}`);
  return path;
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', message);
}

/** Every node, a directory before what is in it. */
function* nodesOf(root: TreeNode): Generator<TreeNode, void, undefined> {
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    yield node;
    for (const child of node.children?.values() ?? []) stack.push(child);
  }
}
