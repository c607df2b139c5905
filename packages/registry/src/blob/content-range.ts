import { byteCount } from '../transport/body.ts';

/** A `Content-Range` header (RFC 9110, section 14.4). */
export interface ContentRange {
  /** The first and the last byte; absent in the answer to a range that cannot be had. */
  readonly first?: number;
  readonly last?: number;
  /** The size of the whole; absent where the server does not say. */
  readonly size?: number;
}

/** Parses `bytes first-last/size`; `undefined` for anything malformed. */
export function parseContentRange(value: string): ContentRange | undefined {
  const match = /^bytes\s+(?:(\d+)-(\d+)|\*)\/(\d+|\*)$/i.exec(value.trim());
  if (match === null) return undefined;
  const [, firstText, lastText, sizeText = ''] = match;
  const size = byteCount(sizeText);
  if (sizeText !== '*' && size === undefined) return undefined;
  const whole = size === undefined ? {} : { size };
  if (firstText === undefined || lastText === undefined) return whole;
  const first = byteCount(firstText);
  const last = byteCount(lastText);
  if (first === undefined || last === undefined || last < first) return undefined;
  return size !== undefined && last >= size ? undefined : { first, last, ...whole };
}
