import { RegistryError, StowageError } from '@stowage/types';
import { sendsEveryHeader } from '#platform';
import type { Answer } from '../transport/answer.ts';
import { isWhole, rangeOf, wantedLength } from './blob-part.ts';
import type { BlobPart } from './blob-part.ts';
import { abandon, announcedLength, bodyLength, discard } from '../transport/body.ts';
import { bodySource } from '../transport/byte-source.ts';
import type { ByteSource } from '../transport/byte-source.ts';
import { isCoded } from '../transport/content-coding.ts';
import { parseContentRange } from './content-range.ts';
import { truncated } from '../transport/network-error.ts';
import type { Requester } from '../session/requester.ts';
import type { SessionRequest } from '../session/session.ts';
import type { WireResponse } from '../platform/wire-fetch.ts';

/** A blob as one request gave it. */
export interface OpenedBlob {
  /** Just the part that was asked for. */
  readonly source: ByteSource;
  /** The size of the whole blob, as far as the answer or the caller says. */
  readonly size: number | undefined;
  /** Names these very bytes to the server that gave them; absent where it does not, or they may differ on the wire. */
  readonly validator: string | undefined;
  /** Whether the server sent a range. */
  readonly ranged: boolean;
}

/** How a part of a blob is asked for. */
export interface BlobRequest {
  readonly requester: Requester;
  readonly url: string;
  readonly part: BlobPart;
  /** What an earlier answer named these bytes by: any others are to come whole, not as a range. */
  readonly validator?: string | undefined;
  /** Asks for a range of no more than so many bytes; the whole, where that comes instead, is all of the part. */
  readonly atMost?: number | undefined;
}

/**
 * Statuses by which servers turn down a range that they could have given: 416 where they do not say how long the blob
 * is, or say nothing sensible, and what proxies answer that know no ranges.
 */
const RANGE_REFUSED: readonly number[] = [400, 416, 501];

/**
 * Asks for a part of a blob. The whole in place of a range is read up to what is wanted. A range that is not the one
 * that was asked for, and a refusal to give any, have the whole asked for instead.
 *
 * @throws `REGISTRY` for ranges that cannot be used where the whole is not to be had either, `SIZE_MISMATCH`, whatever
 *   the registry answers
 */
export async function requestBlob(request: BlobRequest): Promise<OpenedBlob> {
  const { url, part, requester, atMost } = request;
  const { signal } = part;
  if (atMost === undefined && isWhole(part)) return await requestWhole(request);
  if (wantedLength(part) === 0) return nothing(part);
  const asked = atMost === undefined ? part : { ...part, length: Math.min(atMost, part.length ?? atMost) };
  const headers: Record<string, string> = { range: rangeOf(asked) };
  // A page would have to ask leave for this header.
  if (request.validator !== undefined && sendsEveryHeader) headers['if-range'] = request.validator;
  const outcome = await askFresh(requester, { method: 'GET', url, headers, signal }, async (answer) => {
    const { response } = answer;
    if (response.status === 200) return openWhole(answer, part);
    if (response.status === 206) return openRange(answer, asked);
    const size = parseContentRange(response.headers.get('content-range') ?? '')?.size;
    // Nothing follows the offset, and the registry says that the blob ends there: what was wanted is empty.
    if (response.status === 416 && size === part.offset) {
      await discard(answer, signal);
      return nothing({ ...part, size });
    }
    const failure = await requester.failure(answer, signal);
    if (RANGE_REFUSED.includes(response.status) && size === undefined) return failure;
    throw failure;
  });
  if (!(outcome instanceof Error)) return outcome;
  return await requestWhole(request, outcome);
}

/**
 * Asks for the whole blob.
 *
 * @param insteadOf what a request for a range came to: the error, if the whole is refused too
 */
async function requestWhole({ requester, url, part }: BlobRequest, insteadOf?: Error): Promise<OpenedBlob> {
  const { signal } = part;
  return await askFresh(requester, { method: 'GET', url, signal }, async (answer) => {
    if (answer.response.status === 200) return openWhole(answer, part);
    throw insteadOf ?? (await requester.failure(answer, signal));
  });
}

/**
 * Asks the registry, and once more where the object store that it sent us to refuses: such an address is good for some
 * minutes only, and registries are known that hand out one that they kept.
 */
async function askFresh<T>(
  requester: Requester,
  request: SessionRequest,
  read: (answer: Answer) => Promise<T>,
): Promise<T> {
  for (let again = true; ; again = false) {
    const outcome = await requester.exchange(request, async (answer) => {
      const stale = again && answer.crossed && answer.response.status === 403;
      if (!stale) return { result: await read(answer) };
      await discard(answer, request.signal);
      return undefined;
    });
    if (outcome !== undefined) return outcome.result;
  }
}

function nothing({ size }: BlobPart): OpenedBlob {
  const source = { next: () => Promise.resolve(undefined), cancel: () => undefined };
  return { source, size, validator: undefined, ranged: true };
}

/** The registry sends the whole blob, asked or not: what comes before the offset is read and dropped. */
function openWhole(answer: Answer, { offset, length, size, signal }: BlobPart): OpenedBlob {
  const announced = bodyLength(answer.response);
  if (announced !== undefined && size !== undefined && announced !== size) {
    throw sizeMismatch(answer, announced, size);
  }
  const tooShort = (): Error =>
    announced === undefined && size !== undefined
      ? new StowageError('SIZE_MISMATCH', `registry sent fewer than ${String(size)} bytes`)
      : truncated(answer);
  const total = announced ?? size;
  const source = bodySource(answer, { skip: offset, take: length, length: total, tooShort, signal });
  return { source, size: total, validator: validatorOf(answer.response), ranged: false };
}

/** The registry sends a range: an error where it is not the one that was asked for. */
function openRange(answer: Answer, part: BlobPart): OpenedBlob | Error {
  const { offset, length, size, signal } = part;
  const { response } = answer;
  const header = response.headers.get('content-range');
  const announced = announcedLength(response);
  const validator = validatorOf(response);
  const opened = (count: number, whole: number | undefined): OpenedBlob => ({
    source: bodySource(answer, { length: count, signal }),
    size: whole,
    validator,
    ranged: true,
  });
  if (isCoded(response)) return unusable(answer, 'range of an answer with a content coding');
  if (header === null) {
    const left = wantedLength(part);
    // A page may be kept from seeing the header; that as many bytes come as were asked for is then all there is to go by.
    if (response.type === 'cors' && left !== undefined && announced === left) return opened(left, size);
    return unusable(answer, 'no Content-Range header found in HTTP 206 response');
  }
  const range = parseContentRange(header);
  const { first, last } = range ?? {};
  if (range === undefined || first === undefined || last === undefined) {
    return unusable(answer, `could not parse Content-Range header: ${header}`);
  }
  if (first !== offset) {
    return unusable(
      answer,
      `received Content-Range starting at offset ${first} instead of requested ${offset}`,
    );
  }
  if (range.size !== undefined && size !== undefined && range.size !== size) {
    throw sizeMismatch(answer, range.size, size);
  }
  const whole = range.size ?? size;
  const end = Math.min(length === undefined ? Infinity : offset + length, whole ?? Infinity);
  if (Number.isFinite(end) && last + 1 !== end) {
    return unusable(answer, `range in Content-Range stops before the end of the content: ${header}`);
  }
  return opened(last - first + 1, whole);
}

/** The strong entity tag of an answer: a weak one does not tell bytes apart (RFC 9110, section 8.8.1). */
function validatorOf(response: WireResponse): string | undefined {
  const tag = response.headers.get('etag') ?? '';
  return /^"[\x21\x23-\x7e]*"$/.test(tag) && !isCoded(response) ? tag : undefined;
}

function sizeMismatch(answer: Answer, got: number, expected: number): StowageError {
  abandon(answer.response);
  return new StowageError(
    'SIZE_MISMATCH',
    `registry sends ${String(got)} bytes, expected ${String(expected)}`,
  );
}

function unusable(answer: Answer, message: string): RegistryError {
  abandon(answer.response);
  const { method, url, response } = answer;
  return new RegistryError('REGISTRY', message, { method, url, status: response.status });
}
