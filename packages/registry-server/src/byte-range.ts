/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const RANGE = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/;
const CONTENT_RANGE = /^(\d{1,15})-(\d{1,15})$/;

/**
 * Reads a `Range` header for content of `size` bytes (RFC 9110, section 14.2).
 *
 * @returns the range; `'all'` where the header is absent, of another unit, or asks for several ranges, which a server
 *   may ignore; `'unsatisfiable'` where no byte of the content is in it
 */
export function parseByteRange(header: string | null, size: number): ByteRange | 'all' | 'unsatisfiable' {
  const match = RANGE.exec(header?.replaceAll(' ', '') ?? '');
  if (match === null) return 'all';
  const [, from, to, suffix] = match;
  const start = from === undefined ? Math.max(0, size - Number(suffix)) : Number(from);
  const end = to === undefined || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return start > end ? 'unsatisfiable' : { start, end };
}

/**
 * Reads the `Content-Range` of a chunk: `<start>-<end>`, without unit and size (distribution-spec, "Pushing a blob in
 * chunks").
 *
 * @returns `undefined` for anything else
 */
export function parseContentRange(header: string): ByteRange | undefined {
  const match = CONTENT_RANGE.exec(header);
  if (match === null) return undefined;
  const range = { start: Number(match[1]), end: Number(match[2]) };
  return range.start > range.end ? undefined : range;
}

/** Whether an `If-None-Match` or `If-Range` header names this entity tag (RFC 9110, section 13.1.2). */
export function matchesEntityTag(header: string | null, entityTag: string): boolean {
  return (
    header?.split(',').some((item) => {
      const tag = item.trim();
      return tag === '*' || tag === entityTag || tag === `W/${entityTag}`;
    }) ?? false
  );
}
