import { isStowageError } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  Clock,
  ContentStore,
  Digest,
  Ingest,
  IngestOptions,
  IngestStatus,
} from '@stowage/types';

/** How long to leave somebody else alone before looking again: milliseconds, twice as long every time. */
const FIRST_WAIT = 20;
const LONGEST_WAIT = 250;

/** How to wait for an ingest. */
export interface WaitOptions {
  readonly clock: Clock;
  /** Told how many bytes there are while somebody else brings them in. */
  readonly onWait?: ((offset: number) => void) | undefined;
}

/**
 * Opens an ingest; waits while somebody else, in another process perhaps, has it open. So a blob that many want at once
 * is fetched by one, and another goes on from where that one ended or died.
 *
 * @param content the store
 * @param ref what names the ingest
 * @param expected what the ingest expects, and how to end the wait
 * @param wait the clock, and who is told
 * @returns `undefined` when the store has the blob
 */
export async function openIngest(
  content: ContentStore,
  ref: string,
  expected: IngestOptions & { readonly digest: Digest },
  { clock, onWait }: WaitOptions,
): Promise<Ingest | undefined> {
  const { signal } = expected;
  for (let wait = FIRST_WAIT; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
    try {
      return await content.ingest(ref, expected);
    } catch (error) {
      if (isStowageError(error, 'ALREADY_EXISTS')) return undefined;
      if (!isStowageError(error, 'UNAVAILABLE') || !error.retryable) throw error;
    }
    if (onWait !== undefined) {
      const status = await findIngest(content, ref, { signal });
      if (status !== undefined) onWait(status.offset);
    }
    await clock.sleep(wait, { signal });
  }
}

/**
 * Brings something small into the store whole, unless it is there or somebody else is at it. What was fetched in part
 * is fetched anew.
 *
 * @param content the store
 * @param ref what names the ingest
 * @param expected what is wanted
 * @param fetch fetches it
 * @param clock waits
 * @returns the bytes where they were fetched here; `undefined` when the store has them
 */
export async function fetchOnce(
  content: ContentStore,
  ref: string,
  expected: IngestOptions & { readonly digest: Digest },
  fetch: () => Promise<Bytes>,
  clock: Clock,
): Promise<Bytes | undefined> {
  const { signal } = expected;
  const ingest = await openIngest(content, ref, expected, { clock });
  if (ingest === undefined) return undefined;
  try {
    const bytes = await fetch();
    await ingest.truncate(0, { signal });
    await ingest.write(bytes, { signal });
    await ingest.commit({ signal });
    return bytes;
  } catch (error) {
    await ingest.close();
    // Somebody else may have gone on with it already.
    await content.abort(ref).catch(() => undefined);
    throw error;
  }
}

async function findIngest(
  content: ContentStore,
  ref: string,
  options: AbortOptions,
): Promise<IngestStatus | undefined> {
  for await (const status of content.ingests(options)) if (status.ref === ref) return status;
  return undefined;
}
