import { StowageError } from '@stowage/types';
import type { SearchResult, SearchResults } from '@stowage/types';
import { goQuote } from '../address/go-quote.ts';

/** Leaves of what a search found what its caller wants. */
export type SearchFilter = (results: SearchResults) => SearchResults;

const FLAGS: Readonly<Record<string, (result: SearchResult) => boolean>> = {
  'is-automated': ({ isAutomated }) => isAutomated,
  'is-official': ({ isOfficial }) => isOfficial,
};

/**
 * Reads the filters of a search by moby's rules: `is-official` and `is-automated` have exactly one value, `true` or
 * `false`; of the values of `stars` the greatest counts.
 *
 * @throws `INVALID_ARGUMENT`, in moby's words
 */
export function parseSearchFilters(filters: Readonly<Record<string, readonly string[]>>): SearchFilter {
  const tests = Object.entries(filters).map(([name, values]) => parseFilter(name, values));
  return ({ query, numResults, results }) => {
    if (tests.length === 0) return { query, numResults, results };
    const kept = results.filter((result) => tests.every((test) => test(result)));
    return { query, numResults: kept.length, results: kept };
  };
}

function parseFilter(name: string, values: readonly string[]): (result: SearchResult) => boolean {
  if (name === 'stars') {
    const least = Math.max(0, ...values.map(parseStars));
    return ({ starCount }) => starCount >= least;
  }
  const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
  if (flag === undefined) throw invalid(name);
  const [value = '', ...others] = values;
  if (others.length > 0 || (value !== 'true' && value !== 'false')) {
    throw invalid(`${name}=[${values.join(' ')}]`);
  }
  return (result) => flag(result) === (value === 'true');
}

function parseStars(value: string): number {
  if (/^[+-]?\d{1,15}$/.test(value)) return Number(value);
  throw invalid(`stars=${value}`);
}

function invalid(filter: string): StowageError {
  // As `%q` would show it, in single quotes: a filter may have any character.
  return new StowageError('INVALID_ARGUMENT', `Invalid filter '${goQuote(filter).slice(1, -1)}'`);
}
