import { StowageError } from '../error/errors.ts';
import { familiarName, familiarString } from './reference-docker.ts';
import type { Reference } from './reference.ts';

/**
 * Whether a reference, as people write it, fits a pattern of Go's `path.Match`: `*` is any text without a slash, `?`
 * one character but a slash, `[a-z]` one of a class and `[^a-z]` one outside it, and a backslash takes away the
 * meaning of what follows. The whole must fit, with tag and digest or without them.
 *
 * Takes time in proportion to the lengths of pattern and reference multiplied, whatever the pattern.
 *
 * @param pattern the pattern, for example `library/*` or `ubuntu:2?.04`
 * @param reference any reference
 * @throws `INVALID_ARGUMENT` `syntax error in pattern`, whether or not the reference fits what stands before the error
 *
 * @example
 * ```ts
 * import { familiarMatch, parseNormalizedNamed } from '@stowage/types';
 *
 * const ubuntu = parseNormalizedNamed('ubuntu:24.04');
 * console.log(familiarMatch('ubun*', ubuntu), familiarMatch('*:2[0-4].04', ubuntu)); // true true
 * ```
 */
export function familiarMatch(pattern: string, reference: Reference): boolean {
  const chunks = parsePattern(pattern);
  if (matches(chunks, familiarString(reference))) return true;
  return reference.path !== undefined && matches(chunks, familiarName(reference));
}

/** Whether one character, as a code point, fits. */
type Single = (character: number) => boolean;

/** What stands between two stars. */
interface Chunk {
  readonly star: boolean;
  readonly singles: readonly Single[];
}

const SLASH = code('/');
const BACKSLASH = code('\\');
const DASH = code('-');
const CARET = code('^');
const STAR = code('*');
const QUESTION_MARK = code('?');
const OPENING_BRACKET = code('[');
const CLOSING_BRACKET = code(']');

/** Reads the whole pattern before any of it is matched, so that an error is found wherever it is. */
function parsePattern(pattern: string): readonly Chunk[] {
  const reader = new PatternReader(pattern);
  const chunks: Chunk[] = [];
  while (reader.peek() !== undefined) {
    const star = reader.skipAll(STAR);
    const singles: Single[] = [];
    for (let head = reader.peek(); head !== undefined && head !== STAR; head = reader.peek()) {
      singles.push(readSingle(reader));
    }
    chunks.push({ star, singles });
  }
  return chunks;
}

function readSingle(reader: PatternReader): Single {
  const character = reader.next();
  if (character === QUESTION_MARK) return (other) => other !== SLASH;
  if (character === OPENING_BRACKET) return readClass(reader);
  const literal = character === BACKSLASH ? reader.next() : character;
  return (other) => other === literal;
}

/** A class has at least one range, and a slash may be in it. */
function readClass(reader: PatternReader): Single {
  const negated = reader.skip(CARET);
  const ranges: (readonly [number, number])[] = [];
  do {
    const low = readClassCharacter(reader);
    const high = reader.skip(DASH) ? readClassCharacter(reader) : low;
    ranges.push([low, high]);
  } while (!reader.skip(CLOSING_BRACKET));
  return (other) => ranges.some(([low, high]) => low <= other && other <= high) !== negated;
}

function readClassCharacter(reader: PatternReader): number {
  const character = reader.next();
  if (character === DASH || character === CLOSING_BRACKET) throw syntaxError();
  return character === BACKSLASH ? reader.next() : character;
}

/**
 * As Go has it, a star takes the first place where what follows it fits, and no later one is tried for the sake of
 * what follows the next star. This bounds the time.
 */
function matches(chunks: readonly Chunk[], name: string): boolean {
  const characters = Array.from(name, code);
  let position = 0;
  for (const [index, { star, singles }] of chunks.entries()) {
    const isLast = index === chunks.length - 1;
    if (star && singles.length === 0) return !characters.includes(SLASH, position);
    const limit = star ? endOfComponent(characters, position) : position;
    while (!fits(singles, characters, position, isLast)) {
      if (position >= limit) return false;
      position += 1;
    }
    position += singles.length;
  }
  return position === characters.length;
}

/** Where a star that starts at `position` has to end: at the next slash. */
function endOfComponent(characters: readonly number[], position: number): number {
  const slash = characters.indexOf(SLASH, position);
  return slash < 0 ? characters.length : slash;
}

function fits(
  singles: readonly Single[],
  characters: readonly number[],
  position: number,
  isLast: boolean,
): boolean {
  const rest = characters.length - position - singles.length;
  if (rest < 0 || (isLast && rest > 0)) return false;
  for (const [index, single] of singles.entries()) {
    const character = characters[position + index];
    if (character === undefined || !single(character)) return false;
  }
  return true;
}

/** A cursor over the characters of a pattern; reading past the end is a syntax error. */
class PatternReader {
  readonly #characters: readonly number[];
  #position = 0;

  constructor(pattern: string) {
    this.#characters = Array.from(pattern, code);
  }

  peek(): number | undefined {
    return this.#characters[this.#position];
  }

  next(): number {
    const character = this.peek();
    if (character === undefined) throw syntaxError();
    this.#position += 1;
    return character;
  }

  skip(character: number): boolean {
    if (this.peek() !== character) return false;
    this.#position += 1;
    return true;
  }

  skipAll(character: number): boolean {
    const start = this.#position;
    while (this.skip(character));
    return this.#position > start;
  }
}

function code(character: string): number {
  return character.codePointAt(0) ?? 0;
}

function syntaxError(): StowageError {
  return new StowageError('INVALID_ARGUMENT', 'syntax error in pattern');
}
