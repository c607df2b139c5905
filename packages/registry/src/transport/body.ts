import { StowageError } from '@stowage/types';
import type { Bytes, ReadOptions } from '@stowage/types';
import type { Answer } from './answer.ts';
import { bodySource } from './byte-source.ts';
import type { ByteSource } from './byte-source.ts';
import { isCoded } from './content-coding.ts';
import type { WireResponse } from '../platform/wire-fetch.ts';

/** The most bytes that are read of a body nobody wants, so that its connection can be used again. */
const MAX_DRAINED = 64 * 1024;

/** How many bytes the body has by its header; `undefined` where that is not known or a coding hides it. */
export function announcedLength(response: WireResponse): number | undefined {
  return isCoded(response) ? undefined : byteCount(response.headers.get('content-length'));
}

/**
 * How many bytes the body will give; `undefined` where that is not known. In a page that is anywhere but at home: the
 * page may not see that a proxy compressed the body, and its length is then that of other bytes.
 */
export function bodyLength(response: WireResponse): number | undefined {
  return response.type === 'cors' && response.headers.get('content-encoding') === null
    ? undefined
    : announcedLength(response);
}

/** Reads a count of bytes as headers carry it; `undefined` for anything else, and beyond what JavaScript can count. */
export function byteCount(text: string | null): number | undefined {
  if (text === null || !/^\d+$/.test(text)) return undefined;
  const count = Number(text);
  return Number.isSafeInteger(count) ? count : undefined;
}

/**
 * Reads a whole body into memory.
 *
 * @throws `LIMIT_EXCEEDED` when it has more than `maxBytes`
 */
export async function readBody(answer: Answer, options: ReadOptions): Promise<Bytes> {
  const { maxBytes, signal } = options;
  const length = announcedLength(answer.response);
  if (length !== undefined && length > maxBytes) {
    abandon(answer.response);
    throw tooLong(maxBytes);
  }
  return await gather(bodySource(answer, { length: bodyLength(answer.response), signal }), options);
}

/** Reads at most `maxBytes` of a body and lets go of the rest. */
export async function readPrefix(answer: Answer, options: ReadOptions): Promise<Bytes> {
  const { maxBytes, signal } = options;
  return await gather(bodySource(answer, { take: maxBytes, signal }), options);
}

/**
 * Lets go of a body that nobody wants. A short one is read to its end, so that its connection can be used again: wait
 * for that when the next request goes the same way. Never fails.
 */
export async function discard(answer: Answer, signal?: AbortSignal): Promise<void> {
  if ((announcedLength(answer.response) ?? 0) > MAX_DRAINED) abandon(answer.response);
  else await readPrefix(answer, { maxBytes: MAX_DRAINED, signal }).catch(() => undefined);
}

/** Cancels a body that nobody wants, and its connection with it. Never fails. */
export function abandon(response: WireResponse): void {
  response.body?.cancel().catch(() => undefined);
}

/** Everything that a source has, without a stream around it: most bodies are small. */
async function gather(source: ByteSource, { maxBytes, signal }: ReadOptions): Promise<Bytes> {
  const onAbort = (): void => {
    source.cancel(signal?.reason);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const pieces: Bytes[] = [];
  let size = 0;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const piece = await source.next();
      if (piece === undefined) break;
      pieces.push(piece);
      size += piece.byteLength;
      // Written so that a limit that is no number lets nothing through.
      if (!(size <= maxBytes)) throw tooLong(maxBytes);
    }
    signal?.throwIfAborted();
    return joined(pieces, size);
  } catch (error) {
    source.cancel(error);
    throw signal?.aborted === true ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function joined(pieces: readonly Bytes[], size: number): Bytes {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
}

function tooLong(maxBytes: number): StowageError {
  return new StowageError('LIMIT_EXCEEDED', `content is longer than ${String(maxBytes)} bytes`);
}
