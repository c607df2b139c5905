import { iterate } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, ByteStream, LayerEntry, LayerReader } from '@stowage/types';
import { walkTree } from '../tree/tree-walk.ts';
import type { WalkedNode } from '../tree/tree-walk.ts';
import type { TreeNode } from '../tree/tree-node.ts';
import { LayerFiles } from './layer-contents.ts';

/** How an image is searched. */
export interface SearchViewOptions extends AbortOptions {
  /** The directory to search in. Default: the root. */
  readonly path?: string | undefined;
  /** Whether the contents of files are searched too, line by line. Default `false`: names only. */
  readonly contents?: boolean | undefined;
  /** Files of more bytes are not opened. Default 1 MiB. */
  readonly maxFileBytes?: number | undefined;
  /** The search ends after so many matches. Default 10,000. */
  readonly maxMatches?: number | undefined;
}

/** A name or a line that a search found. */
export interface FoundNode {
  readonly path: string;
  readonly node: TreeNode;
  /** The number of the line, from 1; absent where the name matches. */
  readonly line?: number;
  /** The line, without its end, at most 1,000 characters of it. */
  readonly text?: string;
}

const DEFAULT_MAX_FILE_BYTES = 1 << 20;
const DEFAULT_MAX_MATCHES = 10_000;
const MAX_LINE = 1000;
/** A file with a NUL among so many of its first bytes is no text, as for git. */
const SNIFFED = 8000;

/**
 * Searches names, then contents: names in the order of their paths, contents in the order in which layers have them, so
 * that every layer is read once.
 *
 * @param query text that must occur, or an expression that must match
 */
export async function* searchTree(
  directory: TreeNode,
  query: string | RegExp,
  options: SearchViewOptions,
): AsyncGenerator<FoundNode, void, undefined> {
  const { contents = false, maxFileBytes = DEFAULT_MAX_FILE_BYTES, signal } = options;
  signal?.throwIfAborted();
  if (query === '') throw new StowageError('INVALID_ARGUMENT', 'nothing to search for');
  const matches = matcherOf(query);
  let left = options.maxMatches ?? DEFAULT_MAX_MATCHES;
  const files = new LayerFiles<WalkedNode[]>();
  for (const walked of walkTree(directory)) {
    if (left <= 0) return;
    if (matches(walked.node.name)) {
      left--;
      yield walked;
    }
    const content = contents ? contentOf(walked.node, maxFileBytes) : undefined;
    if (content !== undefined) files.at(content.layer, content.entry, () => []).push(walked);
  }
  for await (const { file, body } of files.contents({ signal })) {
    for (const { line, text } of await linesOf(body, matches, left)) {
      for (const walked of file) {
        if (left-- <= 0) return;
        yield { ...walked, line, text };
      }
    }
    if (left <= 0) return;
  }
}

function contentOf(
  node: TreeNode,
  maxFileBytes: number,
): { readonly layer: LayerReader; readonly entry: LayerEntry } | undefined {
  const found = node.source ?? node;
  const { type, size } = found.entry;
  return type === 'file' && size > 0 && size <= maxFileBytes ? found : undefined;
}

function matcherOf(query: string | RegExp): (text: string) => boolean {
  if (typeof query === 'string') return (text) => text.includes(query);
  // One that remembers where it was would leave out matches.
  const expression = new RegExp(query.source, query.flags.replace(/[gy]/g, ''));
  return (text) => expression.test(text);
}

async function linesOf(
  body: ByteStream,
  matches: (text: string) => boolean,
  most: number,
): Promise<{ readonly line: number; readonly text: string }[]> {
  const decoder = new TextDecoder();
  const found: { line: number; text: string }[] = [];
  let line = 0;
  let rest = '';
  let sniffed = 0;
  const take = (text: string): void => {
    line++;
    if (found.length < most && matches(text)) found.push({ line, text: text.slice(0, MAX_LINE) });
  };
  for await (const bytes of iterate(body)) {
    if (sniffed < SNIFFED && isBinary(bytes.subarray(0, SNIFFED - sniffed))) return [];
    sniffed += bytes.length;
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? '';
    lines.forEach(take);
  }
  rest += decoder.decode();
  if (rest !== '') take(rest);
  return found;
}

function isBinary(bytes: Bytes): boolean {
  return bytes.includes(0);
}
