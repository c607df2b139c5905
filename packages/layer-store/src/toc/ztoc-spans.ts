import type { Checkpoint } from '@stowage/core';
import type { Bytes, Digest } from '@stowage/types';
import { beyondLimit, invalidToc } from './toc-error.ts';
import type { ResolvedTocLimits } from './toc.ts';

// The checkpoints of a ztoc (soci-snapshotter, `zinfo_to_blob` of `gzip_zinfo.c`), which are those of zlib's `zran.c`: how
// many there are (4 bytes) and how much output lies between two of them (8); for each the offset of the first whole byte
// of input (8), that of the output (8), how many bits of the byte before are still to come (1), and 32 KiB of output
// before. Lowest byte first. What the first version wrote lacks the first one, as it takes a gzip header for 10 bytes.

const HEAD_BYTES = 12;
/** Bytes of output that a checkpoint keeps. */
export const WINDOW_BYTES: number = 32 * 1024;
const CHECKPOINT_BYTES = 17 + WINDOW_BYTES;
const SHORTEST_GZIP_HEADER = 10;

/** What lies between two checkpoints. */
export interface Span {
  /** Where to go on from. */
  readonly checkpoint: Checkpoint;
  /** The first compressed byte; it may be the last one of the span before, too. */
  readonly start: number;
  readonly end: number;
  /** Of the compressed bytes. */
  readonly digest: Digest;
}

/** What spans are made of. */
export interface SpansInit {
  readonly checkpoints: Bytes;
  readonly digests: readonly Digest[];
  /** Of the layer. */
  readonly compressedSize: number;
  readonly uncompressedSize: number;
}

/** The spans of a layer, one after the other, up to its end. `INVALID_ARCHIVE`, `LIMIT_EXCEEDED`. */
export function parseSpans(init: SpansInit, { maxSpanBytes, maxLayerBytes }: ResolvedTocLimits): Span[] {
  const { digests, compressedSize, uncompressedSize } = init;
  if (uncompressedSize > maxLayerBytes) throw beyondLimit('bytes', maxLayerBytes);
  const checkpoints = parseCheckpoints(init.checkpoints);
  if (checkpoints.length !== digests.length)
    throw invalidToc('another number of digests than of checkpoints');
  let before: Checkpoint | undefined;
  return checkpoints.map((checkpoint, index) => {
    const { in: start, out } = checkpoint;
    const follower = checkpoints[index + 1];
    const end = follower === undefined ? compressedSize : wholeByte(follower);
    const follows = before === undefined ? out === 0 : out > before.out && start > before.in;
    if (!follows || out > uncompressedSize || start < SHORTEST_GZIP_HEADER || end <= start) {
      throw invalidToc('checkpoints that are not in order');
    }
    if (end > compressedSize) throw invalidToc('checkpoints beyond the end of the layer');
    const output = (follower?.out ?? uncompressedSize) - out;
    if (Math.max(end - start, output) > maxSpanBytes) throw beyondLimit('bytes of a span:', maxSpanBytes);
    before = checkpoint;
    return { checkpoint, start, end, digest: digests[index] as Digest };
  });
}

/** Where the first byte of a checkpoint is that has nothing of what came before. */
export function wholeByte({ in: offset, bits }: Checkpoint): number {
  return bits === 0 ? offset : offset + 1;
}

/** The form in which {@link parseSpans} has checkpoints. */
export function encodeCheckpoints(checkpoints: readonly Checkpoint[]): Bytes {
  const bytes = new Uint8Array(HEAD_BYTES + CHECKPOINT_BYTES * checkpoints.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, checkpoints.length, true);
  const distances = checkpoints.slice(1).map(({ out }, index) => out - (checkpoints[index]?.out ?? 0));
  view.setBigInt64(4, BigInt(distances.length === 0 ? 0 : Math.min(...distances)), true);
  checkpoints.forEach((checkpoint, index) => {
    const at = HEAD_BYTES + CHECKPOINT_BYTES * index;
    const { out, bits, window } = checkpoint;
    view.setBigInt64(at, BigInt(wholeByte(checkpoint)), true);
    view.setBigInt64(at + 8, BigInt(out), true);
    view.setUint8(at + 16, (8 - bits) % 8);
    // What is left out of a window is at its beginning.
    bytes.set(window, at + CHECKPOINT_BYTES - window.length);
  });
  return bytes;
}

function parseCheckpoints(bytes: Bytes): Checkpoint[] {
  if (bytes.length < HEAD_BYTES) throw invalidToc('it has no checkpoints');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint32(0, true);
  const stored = (bytes.length - HEAD_BYTES) / CHECKPOINT_BYTES;
  if (count === 0 || (stored !== count && stored !== count - 1)) {
    throw invalidToc('another number of checkpoints than it says');
  }
  const checkpoints: Checkpoint[] =
    stored === count ? [] : [{ in: SHORTEST_GZIP_HEADER, bits: 0, out: 0, window: new Uint8Array(0) }];
  for (let at = HEAD_BYTES; at < bytes.length; at += CHECKPOINT_BYTES) {
    const [input, out] = [view.getBigInt64(at, true), view.getBigInt64(at + 8, true)].map(Number);
    const bits = view.getUint8(at + 16);
    const window = bytes.subarray(at + 17, at + CHECKPOINT_BYTES);
    if (!isOffset(input) || !isOffset(out) || bits > 7) throw invalidToc('a checkpoint that is none');
    checkpoints.push(
      bits === 0 ? { in: input, bits, out, window } : { in: input - 1, bits: 8 - bits, out, window },
    );
  }
  return checkpoints;
}

function isOffset(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0;
}
