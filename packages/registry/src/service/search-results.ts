import { RegistryError } from '@stowage/types';
import type { SearchResult, SearchResults } from '@stowage/types';
import type { Answer } from '../transport/answer.ts';

/**
 * Reads the answer to a search. Members that are missing are empty, as in Go; unknown ones are left out.
 *
 * @throws `REGISTRY` for anything else, in moby's words
 */
export function parseSearchResults(bytes: Uint8Array, answer: Answer): SearchResults {
  const fail = (cause: string): RegistryError => {
    const { method, url, response } = answer;
    const message = `error decoding registry search results: ${cause}`;
    return new RegistryError('REGISTRY', message, { method, url, status: response.status });
  };

  function member<T>(record: Readonly<Record<string, unknown>>, name: string, empty: T): T {
    const value = record[name] ?? empty;
    if (typeof value === typeof empty && Array.isArray(value) === Array.isArray(empty)) return value as T;
    throw fail(`${name} is not ${Array.isArray(empty) ? 'a list' : `a ${typeof empty}`}`);
  }

  function resultOf(value: unknown): SearchResult {
    if (!isRecord(value)) throw fail('a result is not an object');
    return {
      name: member(value, 'name', ''),
      description: member(value, 'description', ''),
      starCount: member(value, 'star_count', 0),
      isOfficial: member(value, 'is_official', false),
      isAutomated: member(value, 'is_automated', false),
    };
  }

  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw fail((cause as Error).message);
  }
  if (!isRecord(body)) throw fail('not an object');
  return {
    query: member(body, 'query', ''),
    numResults: member(body, 'num_results', 0),
    results: member<unknown[]>(body, 'results', []).map(resultOf),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
