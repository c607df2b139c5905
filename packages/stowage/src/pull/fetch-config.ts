import { collect } from '@stowage/core';
import { isWorthRetrying } from '@stowage/transfer';
import { isStowageError, StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, Clock, ContentStore, Descriptor, Repository } from '@stowage/types';
import { fetchOnce } from './open-ingest.ts';
import type { PullContext } from './pull-context.ts';
import { share } from './share.ts';

/** The largest image configuration that is accepted, in bytes. */
const MAX_CONFIG_BYTES: number = 8 * 1024 * 1024;

/** How often a configuration is asked for, and how long is waited after the first failure: milliseconds. */
const MAX_ATTEMPTS = 5;
const FIRST_WAIT = 250;

/** The reason of an error that came with the configuration: only a mirror is left for another endpoint then. */
export const CONFIG_FAILURE = 'image-config';

/**
 * The configuration of an image, verified; from the content store where it is there. Where it cannot be had it is asked
 * for five times, the waits in between 250 ms at first and doubled each time.
 *
 * @throws `error pulling image configuration: ...` with the code of what went wrong; `LIMIT_EXCEEDED`
 */
export async function fetchConfig(
  descriptor: Descriptor,
  remote: Repository,
  content: ContentStore,
  options: PullContext,
): Promise<Bytes> {
  const { digest, size } = descriptor;
  const { signal, shared, clock } = options;
  try {
    if (size > MAX_CONFIG_BYTES) {
      const message = `image configuration ${digest} is larger than ${MAX_CONFIG_BYTES} bytes`;
      throw new StowageError('LIMIT_EXCEEDED', message);
    }
    const here = await readIfThere(content, digest, { signal });
    if (here !== undefined) return here;
    const download = (job: AbortOptions): Promise<Bytes> =>
      retry(() => fetchInto(descriptor, remote, content, clock, job), clock, job);
    return await share(shared, `config:${remote.name}@${digest}`, download, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw refusal(error, digest);
  }
}

async function readIfThere(
  content: ContentStore,
  digest: Descriptor['digest'],
  options: AbortOptions,
): Promise<Bytes | undefined> {
  try {
    return await content.read(digest, { ...options, maxBytes: MAX_CONFIG_BYTES });
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

async function fetchInto(
  { digest, size }: Descriptor,
  remote: Repository,
  content: ContentStore,
  clock: Clock,
  options: AbortOptions,
): Promise<Bytes> {
  const limited = { ...options, maxBytes: MAX_CONFIG_BYTES };
  const fetch = async (): Promise<Bytes> =>
    collect(await remote.blobs.open(digest, { ...options, size }), limited);
  const fetched = await fetchOnce(content, `config-${digest}`, { ...options, digest, size }, fetch, clock);
  return fetched ?? content.read(digest, limited);
}

async function retry(work: () => Promise<Bytes>, clock: Clock, { signal }: AbortOptions): Promise<Bytes> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (isStowageError(error, 'DIGEST_MISMATCH')) throw error;
      if (!isWorthRetrying(error)) throw failure(error, attempt);
      // Docker's count says one more than there were tries when they are used up.
      if (attempt === MAX_ATTEMPTS) throw failure(error, MAX_ATTEMPTS + 1);
      await clock.sleep(FIRST_WAIT * 2 ** (attempt - 1), { signal });
    }
  }
}

function failure(cause: unknown, attempts: number): StowageError {
  return wrapped(cause, `download failed after attempts=${attempts}: ${messageOf(cause)}`);
}

function refusal(cause: unknown, digest: Descriptor['digest']): StowageError {
  const message = isStowageError(cause, 'DIGEST_MISMATCH')
    ? `image config verification failed for digest ${digest}`
    : messageOf(cause);
  return wrapped(cause, `error pulling image configuration: ${message}`);
}

function wrapped(cause: unknown, message: string): StowageError {
  const { code, retryable } = isStowageError(cause) ? cause : { code: 'REGISTRY' as const, retryable: true };
  return new StowageError(code, message, { cause, retryable, reason: CONFIG_FAILURE });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
