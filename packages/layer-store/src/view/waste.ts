import type { LayerEntry, LayerReader } from '@stowage/types';
import { compareBytes } from '../tree/byte-order.ts';
import type { TreeLog } from '../tree/tree-log.ts';
import type { TreeNode } from '../tree/tree-node.ts';
import { walkTree } from '../tree/tree-walk.ts';

/** The content of a file that is in a layer and cannot be reached in the image. */
export interface WastedCopy {
  /** Bytes of content. */
  readonly bytes: number;
  /** The layer that has it. */
  readonly layer: LayerReader;
  /** The layer that hides it: another one, or the same where it has the path twice. */
  readonly hiddenBy: LayerReader;
  /** Whether something else is in its place, or nothing. */
  readonly how: 'replaced' | 'removed';
}

/** What is wasted under one path. */
export interface WastedPath {
  readonly path: string;
  /** Bytes of all copies together. */
  readonly bytes: number;
  /** In the order of the layers that hide them. */
  readonly copies: readonly WastedCopy[];
}

/** What an image carries along in vain. */
export interface WasteReport {
  /** Bytes of content in all layers together. */
  readonly totalBytes: number;
  /** Bytes of content that cannot be reached. */
  readonly wastedBytes: number;
  /**
   * From 0 to 1, as dive computes it: for every path the least that a layer has there, divided by what all layers have
   * there. A file that is removed leaves nothing; what an opaque directory hides counts as if it were there.
   */
  readonly efficiency: number;
  /** The largest first. */
  readonly paths: readonly WastedPath[];
}

/** What of the layers is not in their merged tree. */
export function wasteOf(root: TreeNode, log: TreeLog): WasteReport {
  const reachable = new Set<LayerEntry>();
  const scores = new Map<string, Score>();
  let reachableBytes = 0;
  for (const { path, node } of walkTree(root)) {
    const { entry } = node.source ?? node;
    if (entry.type !== 'file') continue;
    if (node.source === undefined) addScore(scores, path, entry.size);
    if (reachable.has(entry)) continue;
    reachable.add(entry);
    reachableBytes += entry.size;
  }
  const copies = new Map<string, WastedCopy[]>();
  for (const { path, entry, layer, hiddenBy, how } of log.hidden) {
    // A layer that has a path twice has it once, for dive.
    if (layer !== hiddenBy) addScore(scores, path, entry.size);
    if (reachable.has(entry)) continue;
    const list = copies.get(path) ?? [];
    copies.set(path, list);
    list.push({ bytes: entry.size, layer, hiddenBy, how });
  }
  for (const { path, directoryBytes } of log.whiteouts) addScore(scores, path, directoryBytes);
  const paths = [...copies].map(([path, list]) => ({ path, bytes: sumOf(list), copies: list }));
  const wastedBytes = sumOf(paths);
  return {
    totalBytes: reachableBytes + wastedBytes,
    wastedBytes,
    efficiency: efficiencyOf(scores),
    paths: paths.sort((a, b) => b.bytes - a.bytes || compareBytes(a.path, b.path)),
  };
}

/** What layers have under one path. */
interface Score {
  least: number;
  sum: number;
}

function addScore(scores: Map<string, Score>, path: string, bytes: number): void {
  const score = scores.get(path);
  if (score === undefined) scores.set(path, { least: bytes, sum: bytes });
  else {
    score.least = Math.min(score.least, bytes);
    score.sum += bytes;
  }
}

function efficiencyOf(scores: ReadonlyMap<string, Score>): number {
  let [least, sum] = [0, 0];
  for (const score of scores.values()) {
    least += score.least;
    sum += score.sum;
  }
  return sum === 0 ? 1 : least / sum;
}

function sumOf(list: readonly { readonly bytes: number }[]): number {
  return list.reduce((sum, { bytes }) => sum + bytes, 0);
}
