import { HeaderScanner } from './header-scanner.ts';

/** The longest header value that is read, characters. */
const MAX_VALUE = 64 * 1024;
const MAX_CHALLENGES = 32;
const MAX_PARAMETERS = 64;

/** One way to authenticate that a server offers (RFC 9110, section 11.3). */
export interface Challenge {
  /** The scheme in lower case, for example `bearer`. */
  readonly scheme: string;
  /** The parameters by their names in lower case; of a name given twice, the first. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What stands in the place of parameters in schemes that use it, for example `negotiate`. */
  readonly token68?: string;
}

/**
 * Parses the values of `WWW-Authenticate` headers (RFC 9110, section 11.6.1): any number of challenges in any number
 * of values, commas within quotes, escapes. A malformed value gives what was read before the fault. Of a value the first
 * 64 KiB are read, 32 challenges are taken in all, and 64 parameters of each. Never throws; takes time linear in the
 * length of the input.
 *
 * @param headerValues the values, one for each header
 *
 * @example
 * ```ts
 * import { parseChallenges } from '@stowage/registry';
 *
 * const header = 'Bearer realm="https://auth.example/token",scope="repository:a:pull,push", Basic realm="x"';
 * const challenges = parseChallenges([header]);
 * console.log(challenges.map((challenge) => challenge.scheme)); // [ 'bearer', 'basic' ]
 * console.log(challenges[0]?.parameters.get('scope')); // repository:a:pull,push
 * ```
 */
export function parseChallenges(headerValues: readonly string[]): Challenge[] {
  const challenges: Challenge[] = [];
  for (const value of headerValues) {
    readChallenges(new HeaderScanner(value.slice(0, MAX_VALUE)), challenges);
  }
  return challenges;
}

function readChallenges(scanner: HeaderScanner, into: Challenge[]): void {
  while (into.length < MAX_CHALLENGES) {
    scanner.skipSeparators();
    const scheme = scanner.token().toLowerCase();
    if (scheme === '') return;
    const spaced = scanner.skipSpace();
    const token68 = spaced ? scanner.token68() : '';
    const parameters = new Map<string, string>();
    if (token68 !== '') {
      into.push({ scheme, parameters, token68 });
    } else {
      const wellFormed = readParameters(scanner, parameters, spaced);
      if (wellFormed || spaced) into.push({ scheme, parameters });
      if (!wellFormed) return;
    }
  }
}

/**
 * Reads parameters up to the next challenge or the end; `false` when something else came.
 *
 * @param open whether a parameter may come without a comma before it, as it does after the scheme and a space
 */
function readParameters(scanner: HeaderScanner, into: Map<string, string>, open: boolean): boolean {
  for (let mayFollow = open; ; mayFollow = false) {
    const comma = scanner.skipSeparators();
    if (scanner.done) return true;
    if (!comma && !mayFollow) return false;
    const start = scanner.position;
    const name = scanner.token().toLowerCase();
    scanner.skipSpace();
    if (name === '' || !scanner.take('=')) {
      // A token without "=" is the scheme of the next challenge.
      scanner.rewind(start);
      return comma && name !== '';
    }
    scanner.skipSpace();
    const value = scanner.quotedString() ?? (scanner.token() || undefined);
    if (value === undefined) return false;
    if (!into.has(name) && into.size < MAX_PARAMETERS) into.set(name, value);
  }
}
