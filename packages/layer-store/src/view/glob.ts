import { StowageError } from '@stowage/types';
import { walkTree } from '../tree/tree-walk.ts';
import type { WalkedNode } from '../tree/tree-walk.ts';
import type { TreeNode } from '../tree/tree-node.ts';

const MAX_PATTERN = 4096;
const MAX_ALTERNATIVES = 1024;

/** What stands for one character of a name, or for any number of them. */
type Token = '*' | ((character: string) => boolean);

/** A part of a pattern between two slashes; `**` stands for any number of directories. */
type Segment = '**' | readonly Token[];

/**
 * The nodes that a glob pattern matches, in the order of their paths.
 *
 * @throws `INVALID_ARGUMENT` for a malformed pattern
 */
export function* globTree(root: TreeNode, pattern: string): Generator<WalkedNode, void, undefined> {
  const patterns = alternativesOf(pattern).map(segmentsOf);
  const byDirectory = new Map<TreeNode, readonly Place[]>([
    [root, patterns.map((segments) => ({ segments, at: 0 }))],
  ]);
  for (const walked of walkTree(root)) {
    const { node } = walked;
    const places = (node.parent === undefined ? undefined : byDirectory.get(node.parent)) ?? [];
    if (places.length === 0) continue;
    const next = places.flatMap((place) => step(place, node.name));
    if (node.children !== undefined) byDirectory.set(node, unique(next));
    if (next.some(({ segments, at }) => segments.slice(at).every((segment) => segment === '**')))
      yield walked;
  }
}

/** How far a pattern has come in a path. */
interface Place {
  readonly segments: readonly Segment[];
  readonly at: number;
}

/** Where a pattern is after one more name of the path; nowhere where the name does not match. */
function step({ segments, at }: Place, name: string): Place[] {
  const segment = segments[at];
  if (segment === undefined) return [];
  if (segment === '**') return [{ segments, at }, ...step({ segments, at: at + 1 }, name)];
  return matches(segment, name) ? [{ segments, at: at + 1 }] : [];
}

function unique(places: readonly Place[]): Place[] {
  const seen = new Map<readonly Segment[], Set<number>>();
  return places.filter(({ segments, at }) => {
    const known = seen.get(segments) ?? new Set();
    seen.set(segments, known);
    if (known.has(at)) return false;
    known.add(at);
    return true;
  });
}

/** Goes back to the last star alone, which is enough: the time is the product of both lengths at most. */
function matches(tokens: readonly Token[], name: string): boolean {
  const characters = Array.from(name);
  let token = 0;
  let at = 0;
  let star = -1;
  let from = 0;
  while (at < characters.length) {
    const wanted = tokens[token];
    if (wanted === '*') {
      star = token++;
      from = at;
    } else if (wanted?.(characters[at] ?? '') === true) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++from;
    } else {
      return false;
    }
  }
  while (tokens[token] === '*') token++;
  return token === tokens.length;
}

function segmentsOf(pattern: string): Segment[] {
  const segments: Segment[] = [];
  for (const text of pattern.split('/')) {
    if (text === '' || text === '.') continue;
    if (text !== '**') segments.push(tokensOf(text));
    else if (segments.at(-1) !== '**') segments.push('**');
  }
  return segments;
}

function tokensOf(text: string): Token[] {
  const characters = Array.from(text);
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*') tokens.push('*');
    else if (character === '?') tokens.push(() => true);
    else if (character === '[') {
      const { token, end } = classOf(characters, at);
      tokens.push(token);
      at = end;
    } else {
      const literal = character === '\\' ? characters[++at] : character;
      if (literal === undefined) throw malformed('it ends in a backslash');
      tokens.push((found) => found === literal);
    }
  }
  return tokens;
}

/** A class such as `[a-z_]` or `[!0-9]`, and where it ends. */
function classOf(
  characters: readonly string[],
  begin: number,
): { readonly token: Token; readonly end: number } {
  let at = begin + 1;
  const negated = characters[at] === '!' || characters[at] === '^';
  if (negated) at++;
  const ranges: (readonly [string, string])[] = [];
  for (let first = true; characters[at] !== ']' || first; first = false) {
    const low = characters[at++];
    if (low === undefined) throw malformed('a [ is not closed');
    const isRange = characters[at] === '-' && characters[at + 1] !== undefined && characters[at + 1] !== ']';
    ranges.push([low, isRange ? (characters[at + 1] ?? '') : low]);
    if (isRange) at += 2;
  }
  const isIn = (found: string): boolean => {
    const point = found.codePointAt(0) ?? 0;
    return ranges.some(
      ([low, high]) => (low.codePointAt(0) ?? 0) <= point && point <= (high.codePointAt(0) ?? 0),
    );
  };
  return { token: (found) => isIn(found) !== negated, end: at };
}

/** The patterns that a pattern with `{a,b}` stands for. Braces may stand in braces. */
function alternativesOf(pattern: string): string[] {
  if (pattern.length > MAX_PATTERN) throw malformed(`it is longer than ${MAX_PATTERN}`);
  const done: string[] = [];
  const open = [pattern];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const brace = innermostBrace(next);
    if (brace === undefined) done.push(next);
    else {
      const [before, after] = [next.slice(0, brace.begin), next.slice(brace.end + 1)];
      for (const part of next.slice(brace.begin + 1, brace.end).split(',')) open.push(before + part + after);
    }
    if (done.length + open.length > MAX_ALTERNATIVES)
      throw malformed(`more than ${MAX_ALTERNATIVES} alternatives`);
  }
  return done;
}

/** The first `}` and the `{` before it. */
function innermostBrace(text: string): { readonly begin: number; readonly end: number } | undefined {
  let begin = -1;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '{') begin = at;
    else if (text[at] === '}' && begin >= 0) return { begin, end: at };
  }
  if (begin >= 0) throw malformed('a { is not closed');
  return undefined;
}

function malformed(why: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', `malformed pattern: ${why}`);
}
