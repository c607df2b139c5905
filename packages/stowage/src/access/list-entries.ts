import type { Reference, Repository } from '@stowage/types';
import type { RegistryAccess } from './registry-access.ts';

/**
 * A list of a registry. Its first entry tells whether an endpoint has it; from then on there is no other to turn to.
 *
 * @param list asks a repository for it
 */
export async function* listEntries<T>(
  access: RegistryAccess,
  reference: Reference,
  list: (remote: Repository) => AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const { iterator, first } = await access.read(
    reference,
    async (remote) => {
      const entries = list(remote)[Symbol.asyncIterator]();
      return { iterator: entries, first: await entries.next() };
    },
    { signal },
  );
  try {
    for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
