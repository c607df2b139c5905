import { isRegistryError, RegistryError, StowageError } from '@stowage/types';
import type { Bytes, ByteStream, Digest, Digester } from '@stowage/types';
import type { Answer } from './answer.ts';
import { decodedBody } from './content-coding.ts';
import { networkError, truncated } from './network-error.ts';
import type { Watched } from './watchdog.ts';

/** Bytes that are asked for piece by piece, in order, one question at a time. */
export interface ByteSource {
  /** The next bytes, never none; `undefined` at the end. */
  next(): Promise<Bytes | undefined>;
  /** Lets go of what is behind it. Never fails. */
  cancel(reason?: unknown): void;
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
  readonly signal: AbortSignal | undefined;
}

/**
 * A part of the body of an answer. Fails with `UNAVAILABLE` when the connection breaks, and with `SIZE_MISMATCH` on the
 * first byte too many.
 */
export function bodySource(answer: Answer, part: BodyPart): ByteSource {
  const { skip = 0, take = Infinity, length, tooShort = () => truncated(answer), signal } = part;
  const reader = decodedBody(answer.response)?.getReader();
  const end = skip + take;
  const least = length === undefined ? skip : Math.min(length, end);
  let position = 0;
  let watched: Watched | undefined;
  let stall: Error | undefined;

  async function read(): Promise<Bytes | undefined> {
    try {
      watched ??= answer.watch?.(expire);
      watched?.wait();
      const value = (await reader?.read())?.value;
      // What is cancelled ends as if it were complete.
      if (stall !== undefined) throw stall;
      if (value === undefined) watched?.end();
      else watched?.rest();
      return value;
    } catch (error) {
      watched?.end();
      throw brokenBody(error, answer, signal);
    }
  }

  /** Gives up on a connection over which nothing comes any more. */
  function expire(error: Error): void {
    stall = error;
    cancel(error);
  }

  function cancel(reason?: unknown): void {
    watched?.end();
    reader?.cancel(reason).catch(() => undefined);
  }

  return {
    async next(): Promise<Bytes | undefined> {
      while (position < end) {
        const value = await read();
        if (value === undefined) {
          if (position < least) throw tooShort();
          return undefined;
        }
        const start = position;
        position += value.byteLength;
        if (length !== undefined && position > length) {
          throw new StowageError('SIZE_MISMATCH', `registry sent more than ${String(length)} bytes`);
        }
        const wanted = value.subarray(Math.max(0, skip - start), Math.max(0, end - start));
        if (wanted.byteLength > 0) return wanted;
      }
      cancel();
      return undefined;
    },
    cancel,
  };
}

/** A body that had begun and fails did so because its connection broke, whatever the runtime calls it. */
function brokenBody(cause: unknown, answer: Answer, signal: AbortSignal | undefined): unknown {
  const { method, url, response } = answer;
  const { status } = response;
  const error = networkError(cause, { method, url, status, signal });
  if (!isRegistryError(error) || error.code !== 'UNAVAILABLE' || error.reason !== undefined) return error;
  return new RegistryError('UNAVAILABLE', error.message, {
    method,
    url,
    status,
    cause,
    reason: 'reset',
    retryable: true,
  });
}

/** What a stream is made with beside its source. */
export interface SourceStreamOptions {
  /** Verifies what goes by; failure comes at the end. Not verified when left out. */
  readonly verify?: { readonly digest: Digest; readonly digester: Digester } | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Streams a source, reading only as fast as it is read. Cancelling it cancels the source. Fails as the source does, with
 * `DIGEST_MISMATCH` at the end, with the signal's reason when aborted.
 */
export function streamOfSource(source: ByteSource, { verify, signal }: SourceStreamOptions): ByteStream {
  let stopListening = (): void => undefined;
  return new ReadableStream<Bytes>(
    {
      start(controller): void {
        if (signal === undefined) return;
        // What does not listen to the signal itself must end all the same.
        const onAbort = (): void => {
          controller.error(signal.reason);
          source.cancel(signal.reason);
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
          const bytes = await source.next();
          if (bytes !== undefined) {
            // Here rather than in a stage of its own, which would add promises for every chunk.
            verify?.digester.update(bytes);
            controller.enqueue(bytes);
            return;
          }
          checkDigest(verify);
          stopListening();
          controller.close();
        } catch (error) {
          stopListening();
          source.cancel(error);
          throw signal?.aborted === true ? signal.reason : error;
        }
      },
      cancel(reason): void {
        stopListening();
        source.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function checkDigest(verify: SourceStreamOptions['verify']): void {
  const got = verify?.digester.digest();
  if (verify === undefined || got === verify.digest) return;
  throw new StowageError(
    'DIGEST_MISMATCH',
    `content does not match its digest: got ${String(got)}, expected ${verify.digest}`,
  );
}
