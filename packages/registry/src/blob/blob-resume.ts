import { isStowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import type { BlobPart } from './blob-part.ts';
import { requestBlob } from './blob-request.ts';
import type { OpenedBlob } from './blob-request.ts';
import type { ByteSource } from '../transport/byte-source.ts';
import type { ReaderDeps } from '../session/requester.ts';

/** How often a blob is gone on with when hardly anything came in between. */
const MAX_RESUMES = 5;
/** So many bytes in between, and the count begins anew. */
const PROGRESS = 1024 * 1024;

/**
 * The bytes of a part of a blob, as one request gave them; when its connection breaks, another one asks for what is
 * missing, after half a second at first, then after twice as long each time. Each request is a new one to the registry,
 * whose redirects and tokens may have run out meanwhile. Gives up after five in a row between which less than 1 MiB
 * came.
 *
 * @param opened what the first request gave
 * @param part what that request was for
 */
export function resumingSource(
  opened: OpenedBlob,
  url: string,
  part: BlobPart,
  deps: ReaderDeps,
): ByteSource {
  const { length, signal } = part;
  const { size, validator } = opened;
  const wanted = Math.min(length ?? Infinity, size === undefined ? Infinity : size - part.offset);
  let { source } = opened;
  let taken = 0;
  let resumes = 0;
  let takenAtFirstResume = 0;
  let cancelled = false;
  const isOver = (): boolean => cancelled || signal?.aborted === true;

  async function resume(cause: unknown): Promise<void> {
    if (taken - takenAtFirstResume >= PROGRESS) resumes = 0;
    if (resumes === 0) takenAtFirstResume = taken;
    resumes += 1;
    if (resumes > MAX_RESUMES || isOver()) throw cause;
    const { firstDelay = 500, longestDelay = 60_000 } = deps.retry ?? {};
    const delay = firstDelay * 2 ** (resumes - 1) * (0.5 + deps.random() / 2);
    await deps.clock.sleep(Math.min(delay, longestDelay), { signal });
    if (isOver()) throw cause;
    const rest: BlobPart = {
      offset: part.offset + taken,
      length: length === undefined ? undefined : length - taken,
      size,
      signal,
    };
    ({ source } = await requestBlob({ requester: deps.requester, url, part: rest, validator }));
    if (isOver()) source.cancel();
  }

  return {
    async next(): Promise<Bytes | undefined> {
      while (taken < wanted) {
        try {
          const bytes = await source.next();
          taken += bytes?.byteLength ?? 0;
          return bytes;
        } catch (error) {
          if (!isBroken(error)) throw error;
          await resume(error);
        }
      }
      // Asked once more all the same: whatever follows is too much.
      return taken === wanted ? await atEnd(source) : undefined;
    },
    cancel(reason): void {
      cancelled = true;
      source.cancel(reason);
    },
  };
}

/** Whether a connection broke, so that another one may do better. */
function isBroken(error: unknown): boolean {
  return (
    isStowageError(error) && error.retryable && (error.code === 'UNAVAILABLE' || error.code === 'TIMEOUT')
  );
}

/** Every byte is there; that the connection broke where they end does not matter any more. */
async function atEnd(source: ByteSource): Promise<Bytes | undefined> {
  try {
    return await source.next();
  } catch (error) {
    if (isBroken(error)) return undefined;
    throw error;
  }
}
