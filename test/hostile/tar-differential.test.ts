import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTarText, scanTar } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { ErrorCode } from '@stowage/types';
import { afterAll, describe, expect, it } from 'vitest';
import { hasGnuTar, listWithGnuTar } from '../fixtures/tar/gnu-tar.ts';
import { nameInHex } from '../fixtures/tar/listed-entry.ts';
import type { ListedEntry } from '../fixtures/tar/listed-entry.ts';
import { Dice, mutate } from '../fixtures/tar/mutate.ts';
import { makeWithPython, python, readWithPython } from '../fixtures/tar/python-tar.ts';

// Row 42: what a spoilt archive holds, we say as GNU tar and Python do, or we refuse it. `TAR_MUTANTS` makes more.

const MUTANTS = Number(process.env['TAR_MUTANTS'] ?? 3000);
const FIRST_SEED = Number(process.env['TAR_SEED'] ?? 1);
const folder = mkdtempSync(join(tmpdir(), 'stowage-tar-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** One line for an entry: what readers must agree upon. */
type Lines = readonly string[];

interface Mutant {
  readonly seed: number;
  readonly path: string;
  readonly ours: Lines;
}

const CODES: ReadonlySet<ErrorCode | undefined> = new Set([
  'INVALID_ARCHIVE',
  'LIMIT_EXCEEDED',
  'UNSUPPORTED',
]);

/** What we read, or `undefined` where we refuse it with an error of the right kind. Anything else fails the test. */
function read(archive: Uint8Array, pieceSize: number): Lines | undefined {
  const lines: string[] = [];
  try {
    const scanner = scanTar({
      onEntry: ({ name, type, size, linkname = '' }) => {
        lines.push(lineOf(type, nameInHex(encodeTarText(name)), size, nameInHex(encodeTarText(linkname))));
      },
    });
    for (let at = 0; at < archive.length; at += pieceSize)
      scanner.write(archive.subarray(at, at + pieceSize));
    scanner.end();
  } catch (error) {
    if (isStowageError(error) && CODES.has(error.code)) return undefined;
    throw error;
  }
  return lines;
}

function lineOf(type: string, name: string, size: number, linkname: string): string {
  return `${type} ${name} ${String(size)} ${linkname}`;
}

function linesOf(entries: readonly ListedEntry[]): Lines {
  return entries
    .filter(({ type }) => type !== 'V')
    .map(({ type, name, size, linkname = '' }) => lineOf(type, name, size, linkname));
}

/** GNU tar puts blanks before a name, and a listing does not tell them from those of the name. */
function withoutBlanks(lines: Lines): Lines {
  return lines.map((line) => line.replace(/ (?:20)+/, ' '));
}

describe.runIf(hasGnuTar && python !== undefined)('row 42 (parser differentials)', () => {
  const mutants: Mutant[] = [];
  let refused = 0;

  it(`${String(MUTANTS)} spoilt archives are read the same in pieces of any size, or refused by a typed error`, () => {
    const seeds = join(folder, 'seeds');
    const out = join(folder, 'mutants');
    for (const path of [seeds, out]) mkdirSync(path);
    makeWithPython(seeds);
    const archives = readdirSync(seeds)
      .sort()
      .map((name) => readFileSync(join(seeds, name)));
    for (let seed = FIRST_SEED; seed < FIRST_SEED + MUTANTS; seed++) {
      const dice = new Dice(seed);
      const mutant = mutate(dice.pick(archives), dice);
      const ours = read(mutant, mutant.length + 1);
      expect([seed, read(mutant, 1 + dice.below(700))]).toEqual([seed, ours]);
      if (ours === undefined) {
        refused++;
        continue;
      }
      const path = join(out, `${String(seed)}.tar`);
      writeFileSync(path, mutant);
      mutants.push({ seed, path, ours });
    }
    // A reader that refuses everything, or nothing, would agree with everyone.
    expect(mutants.length).toBeGreaterThan(MUTANTS / 10);
    expect(refused).toBeGreaterThan(MUTANTS / 10);
  });

  it('what is accepted, GNU tar lists the same', () => {
    const differences = mutants.flatMap(({ seed, path, ours }) => {
      const { entries, errors } = listWithGnuTar(path);
      const theirs = withoutBlanks(linesOf(entries));
      return isSame(withoutBlanks(ours), theirs) ? [] : [{ seed, ours, theirs, errors }];
    });
    expect(differences).toEqual([]);
  });

  it('what is accepted, Python lists the same', () => {
    const listings = readWithPython(mutants.map(({ path }) => path));
    const differences = mutants.flatMap(({ seed, ours }, i) => {
      const { entries, error } = listings[i] ?? { entries: [], error: null };
      const theirs = linesOf(entries);
      return isSame(ours, theirs) ? [] : [{ seed, ours, theirs, error }];
    });
    expect(differences).toEqual([]);
  });
});

function isSame(one: Lines, other: Lines): boolean {
  return one.join('\n') === other.join('\n');
}
