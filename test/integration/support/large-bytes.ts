import { noise } from '../../support/noise.ts';

export const MIB: number = 1024 * 1024;

/** What blobs are made of, over and over. */
const PIECE = noise(MIB);

/** The bytes of a blob from `first` up to `end`, made as they are read. */
export function* bytesOf(first: number, end: number): Generator<Uint8Array, undefined> {
  for (let at = first; at < end;) {
    const from = at % MIB;
    const piece = PIECE.subarray(from, Math.min(MIB, from + end - at));
    at += piece.length;
    yield piece;
  }
}
