import { decodeBase64Url } from '../base64.ts';
import type { Bytes } from '../bytes.ts';
import { parseJsonObject } from './document.ts';
import { StowageError } from '../error/errors.ts';
import { decodeGoJson } from '../go-json/go-json-decode.ts';
import { isJsonObject } from '../go-json/go-json-member.ts';
import { isRawJson } from '../go-json/go-json-raw.ts';

/** How much of a signed document was signed, and what it ended in before signatures were put into it. */
interface Format {
  readonly length: number;
  readonly tail: Bytes;
}

/**
 * What a document with signatures was before it was signed (libtrust's "pretty" signatures): as many of its bytes as
 * the signatures say, and the end that they say. What was added behind does not count. All signatures must agree; none
 * is verified, as in moby.
 */
export function signedPayload(content: Bytes, signatures: string): Bytes {
  let length = 0;
  let tail: Bytes = new Uint8Array();
  for (const format of formatsOf(signatures)) {
    // As in libtrust, 0 and nothing count as not known yet.
    if (length !== 0 && length !== format.length) throw invalid('conflicting format length');
    if (tail.length !== 0 && !isSame(tail, format.tail)) throw invalid('conflicting format tail');
    ({ length, tail } = format);
  }
  if (length < 0 || length > content.length) throw invalid('invalid format length');
  const payload = new Uint8Array(length + tail.length);
  payload.set(content.subarray(0, length));
  payload.set(tail, length);
  return payload;
}

function formatsOf(signatures: string): readonly Format[] {
  const list = decodeGoJson(signatures, { maxBytes: Infinity });
  if (!Array.isArray(list)) throw invalid('error unmarshalling signatures: not an array');
  return list.map(formatOf);
}

function formatOf(signature: unknown): Format {
  if (!isJsonObject(signature)) throw invalid('error unmarshalling signatures: not an object');
  const { protected: encoded = '' } = signature;
  const header = typeof encoded === 'string' ? decodeBase64Url(encoded) : undefined;
  if (header === undefined) throw invalid('base64 decode error: protected header');
  const members = parseJsonObject(header, 'protected header');
  const length = numberOf(members['formatLength']);
  if (length === undefined) throw invalid('missing formatted length');
  const { formatTail } = members;
  if (typeof formatTail !== 'string') throw invalid('missing formatted tail');
  const tail = decodeBase64Url(formatTail);
  if (tail === undefined) throw invalid('base64 decode error on tail');
  return { length, tail };
}

/** A number as Go turns a `float64` into an `int`. */
function numberOf(value: unknown): number | undefined {
  const number = isRawJson(value) ? Number(value.text) : value;
  return typeof number === 'number' ? Math.trunc(number) : undefined;
}

function isSame(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_MANIFEST', message);
}
