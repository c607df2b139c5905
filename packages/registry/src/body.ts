import { collect } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { Bytes, ByteStream, Digest, Digester, ReadOptions } from '@stowage/types';
import { networkError, truncated } from './network-error.ts';
import type { Answer } from './answer.ts';

/** The most bytes that are read of a body nobody wants, so that its connection can be used again. */
const MAX_DRAINED = 64 * 1024;

/** How many bytes the body has by its header; `undefined` where that is not known or a coding hides it. */
export function announcedLength(response: Response): number | undefined {
  const coding = response.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  return coding === '' || coding === 'identity'
    ? byteCount(response.headers.get('content-length'))
    : undefined;
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
    throw new StowageError('LIMIT_EXCEEDED', `content is longer than ${String(maxBytes)} bytes`);
  }
  return await collect(streamBody(answer, { length, signal }), { maxBytes });
}

/** Reads at most `maxBytes` of a body and lets go of the rest. */
export async function readPrefix(answer: Answer, options: ReadOptions): Promise<Bytes> {
  const { maxBytes, signal } = options;
  return await collect(streamBody(answer, { take: maxBytes, signal }), { maxBytes });
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
export function abandon(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

/** What a body is expected to be, and which part of it is wanted. */
export interface BodyPart {
  /** How many bytes of the body come before what is wanted. Default 0. */
  readonly skip?: number;
  /** How many bytes are wanted at most. Default all that follow. */
  readonly take?: number | undefined;
  /** How many bytes the body must have. Not checked when left out. */
  readonly length?: number | undefined;
  /** The error for a body that ends early. Default: the connection broke. */
  readonly tooShort?: () => Error;
  /** Verifies what is wanted as it goes by; failure comes at the end. Not verified when left out. */
  readonly verify?: { readonly digest: Digest; readonly digester: Digester } | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Streams a part of a body, reading only as fast as it is read. Cancelling it cancels the request. Fails with
 * `UNAVAILABLE` when the connection breaks, with `SIZE_MISMATCH` on the first byte too many, with `DIGEST_MISMATCH` at
 * the end, with the signal's reason when aborted.
 */
export function streamBody(answer: Answer, part: BodyPart): ByteStream {
  const { skip = 0, take = Infinity, length, tooShort = () => truncated(answer), verify, signal } = part;
  const reader = answer.response.body?.getReader();
  const end = skip + take;
  const least = length === undefined ? skip : Math.min(length, end);
  let position = 0;
  let stopListening = (): void => undefined;

  /** Reads up to the next byte that is wanted; `undefined` at the end. */
  async function next(): Promise<Bytes | undefined> {
    while (position < end) {
      const value = (await reader?.read())?.value;
      if (value === undefined) {
        if (position < least) throw tooShort();
        checkDigest(verify);
        return undefined;
      }
      const start = position;
      position += value.byteLength;
      if (length !== undefined && position > length) {
        throw new StowageError('SIZE_MISMATCH', `registry sent more than ${String(length)} bytes`);
      }
      const wanted = value.subarray(Math.max(0, skip - start), Math.max(0, end - start));
      if (wanted.byteLength === 0) continue;
      // Here rather than in a stage of its own, which would add promises for every chunk.
      verify?.digester.update(wanted);
      return wanted;
    }
    await reader?.cancel();
    return undefined;
  }

  return new ReadableStream<Bytes>(
    {
      start(controller): void {
        if (signal === undefined) return;
        // A body that does not listen to the signal itself must end all the same.
        const onAbort = (): void => {
          controller.error(signal.reason);
          reader?.cancel(signal.reason).catch(() => undefined);
        };
        if (signal.aborted) {
          onAbort();
          return;
        }
        signal.addEventListener('abort', onAbort, { once: true });
        stopListening = () => {
          signal.removeEventListener('abort', onAbort);
        };
      },
      async pull(controller): Promise<void> {
        try {
          const bytes = await next();
          if (bytes !== undefined) {
            controller.enqueue(bytes);
            return;
          }
          stopListening();
          controller.close();
        } catch (error) {
          stopListening();
          reader?.cancel(error).catch(() => undefined);
          throw networkError(error, { ...answer, signal });
        }
      },
      async cancel(reason): Promise<void> {
        stopListening();
        await reader?.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function checkDigest(verify: BodyPart['verify']): void {
  const got = verify?.digester.digest();
  if (verify === undefined || got === verify.digest) return;
  throw new StowageError(
    'DIGEST_MISMATCH',
    `content does not match its digest: got ${String(got)}, expected ${verify.digest}`,
  );
}
