import { createDigester, streamOf } from '@stowage/core';
import { asDigest, MEDIA_TYPES, parseDigest, RegistryError, StowageError } from '@stowage/types';
import type { BlobReader, ByteStream, Descriptor, Digest, OpenBlobOptions } from '@stowage/types';
import { abandon, announcedLength, discard, streamBody } from './body.ts';
import type { BodyPart } from './body.ts';
import { parseContentRange } from './content-range.ts';
import { truncated } from './network-error.ts';
import type { Session } from './session.ts';
import type { Answer } from './answer.ts';

/** Which bytes of a blob are wanted. */
interface Part {
  readonly offset: number;
  readonly length: number | undefined;
  /** The size of the whole blob, where the caller knows it. */
  readonly size: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Makes the blob reader of a repository. */
export function createBlobReader(session: Session): BlobReader {
  return {
    async stat(digest, { signal } = {}): Promise<Descriptor> {
      const url = session.url(`blobs/${asDigest(digest)}`);
      const size = await session.exchange(
        { method: 'HEAD', url, retryStatus: (status) => status === 429, signal },
        async (answer) => {
          if (answer.response.status === 429) throw await session.failure(answer, signal);
          await discard(answer, signal);
          return answer.response.ok ? announcedLength(answer.response) : undefined;
        },
      );
      return {
        mediaType: MEDIA_TYPES.octetStream,
        digest,
        size: size ?? (await probe(session, url, signal)),
      };
    },

    async open(digest, options = {}): Promise<ByteStream> {
      const url = session.url(`blobs/${asDigest(digest)}`);
      const part = partOf(options);
      const whole = part.offset === 0 && (part.length === undefined || part.length === part.size);
      part.signal?.throwIfAborted();
      if (!whole && remaining(part) === 0) return streamOf();
      if (!whole) return await openPart(session, url, part);
      return await openWhole(session, url, part, options.verify === false ? undefined : digest);
    },
  };
}

/**
 * The size of a blob by a GET of its first byte: for registries that leave `Content-Length` out of the answer to HEAD,
 * and for object stores behind them that refuse HEAD.
 */
async function probe(session: Session, url: string, signal: AbortSignal | undefined): Promise<number> {
  const headers = { range: 'bytes=0-0' };
  return await session.exchange({ method: 'GET', url, headers, signal }, async (answer) => {
    const { response } = answer;
    const range = parseContentRange(response.headers.get('content-range') ?? '');
    // An empty blob has no first byte: 416, and the range says 0.
    if (!response.ok && !(response.status === 416 && range?.size === 0))
      throw await session.failure(answer, signal);
    const size = response.status === 200 ? announcedLength(response) : range?.size;
    abandon(response);
    if (size === undefined) throw malformed(answer, 'content length not known');
    return size;
  });
}

function partOf({ offset = 0, length, size, signal }: OpenBlobOptions): Part {
  for (const count of [offset, length ?? 0, size ?? 0, offset + (length ?? 0)]) {
    if (Number.isSafeInteger(count) && count >= 0) continue;
    throw new StowageError('INVALID_ARGUMENT', 'offset, length and size must be counts of bytes');
  }
  if (size !== undefined && offset > size) {
    throw new StowageError('INVALID_ARGUMENT', `offset ${offset} is beyond the end of ${size} bytes`);
  }
  return { offset, length, size, signal };
}

/** How many bytes are wanted; `undefined` where the size would have to be known. */
function remaining({ offset, length, size }: Part): number | undefined {
  if (size === undefined) return length;
  return Math.min(length ?? Infinity, size - offset);
}

function rangeOf({ offset, length }: Part): string {
  return `bytes=${offset}-${length === undefined ? '' : String(offset + length - 1)}`;
}

async function openWhole(
  session: Session,
  url: string,
  part: Part,
  digest: Digest | undefined,
): Promise<ByteStream> {
  const { signal } = part;
  return await session.exchange({ method: 'GET', url, signal }, async (answer) => {
    if (answer.response.status !== 200) throw await session.failure(answer, signal);
    const digester = digest === undefined ? undefined : await createDigester(parseDigest(digest).algorithm);
    return streamWhole(answer, { ...part, length: undefined }, digester && digest && { digest, digester });
  });
}

async function openPart(session: Session, url: string, part: Part): Promise<ByteStream> {
  const { offset, signal } = part;
  const headers = { range: rangeOf(part) };
  return await session.exchange({ method: 'GET', url, headers, signal }, async (answer) => {
    const { response } = answer;
    if (response.status === 200) return streamWhole(answer, part);
    if (response.status === 206) return streamRange(answer, part);
    // Nothing follows the offset, and the registry says that the blob ends there: what was wanted is empty.
    const size = parseContentRange(response.headers.get('content-range') ?? '')?.size;
    if (response.status !== 416 || size !== offset) throw await session.failure(answer, signal);
    await discard(answer, signal);
    return streamOf();
  });
}

/** The registry sends the whole blob, asked or not: what comes before `offset` is read and dropped. */
function streamWhole(
  answer: Answer,
  { offset, length, size, signal }: Part,
  verify?: BodyPart['verify'],
): ByteStream {
  const announced = announcedLength(answer.response);
  if (announced !== undefined && size !== undefined && announced !== size) {
    throw sizeMismatch(answer, announced, size);
  }
  const tooShort = (): Error =>
    announced === undefined && size !== undefined
      ? new StowageError('SIZE_MISMATCH', `registry sent fewer than ${String(size)} bytes`)
      : truncated(answer);
  const total = announced ?? size;
  return streamBody(answer, { skip: offset, take: length, length: total, tooShort, verify, signal });
}

/** The registry sends a range: it must be the one that was asked for. */
function streamRange(answer: Answer, part: Part): ByteStream {
  const { offset, length, size, signal } = part;
  const header = answer.response.headers.get('content-range');
  const announced = announcedLength(answer.response);
  if (header === null) {
    const left = remaining(part);
    // A page may be kept from seeing the header; that as many bytes come as were asked for is then all there is to go by.
    if (answer.response.type === 'cors' && left !== undefined && announced === left) {
      return streamBody(answer, { length: left, signal });
    }
    throw malformed(answer, 'no Content-Range header found in HTTP 206 response');
  }
  const range = parseContentRange(header);
  const { first, last } = range ?? {};
  if (range === undefined || first === undefined || last === undefined) {
    throw malformed(answer, `could not parse Content-Range header: ${header}`);
  }
  if (first !== offset) {
    throw malformed(
      answer,
      `received Content-Range starting at offset ${first} instead of requested ${offset}`,
    );
  }
  if (range.size !== undefined && size !== undefined && range.size !== size) {
    throw sizeMismatch(answer, range.size, size);
  }
  const total = range.size ?? size;
  const end = Math.min(length === undefined ? Infinity : offset + length, total ?? Infinity);
  if (Number.isFinite(end) && last + 1 !== end) {
    throw malformed(answer, `range in Content-Range stops before the end of the content: ${header}`);
  }
  return streamBody(answer, { length: last - first + 1, signal });
}

function sizeMismatch(answer: Answer, got: number, expected: number): StowageError {
  abandon(answer.response);
  return new StowageError(
    'SIZE_MISMATCH',
    `registry sends ${String(got)} bytes, expected ${String(expected)}`,
  );
}

function malformed(answer: Answer, message: string): RegistryError {
  abandon(answer.response);
  const { method, url, response } = answer;
  return new RegistryError('REGISTRY', message, { method, url, status: response.status });
}
