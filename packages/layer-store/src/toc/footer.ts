import type { Bytes } from '@stowage/types';
import { invalidToc } from './toc-error.ts';
import type { FoundToc } from './toc.ts';

// The last bytes of a layer, which say where its table of contents is.

/** The longest footer: zstd:chunked with tar-split, in its skippable frame. */
export const FOOTER_BYTES = 72;

const ESTARGZ_FOOTER = 51;
const STARGZ_FOOTER = 47;
/** What is around the extra field of the empty gzip member: its header with XLEN, an empty stored block and the trailer. */
const GZIP_HEADER = 12;
const AFTER_EXTRA = 13;
const STARGZ = /^([0-9a-fA-F]{16})STARGZ$/;

const SKIPPABLE = 0x184d2a50;
/** The lengths of zstd:chunked footers: without tar-split and with it. */
const CHUNKED_FOOTERS = [40, 64] as const;
/** `GnUlInUx` at first, `GNUlInUx` with tar-split. */
const CHUNKED_MAGIC = /^G[nN]UlInUx$/;
/** The one kind of table that there is: that of CRFS. */
const CRFS = 1;
/** What a skippable frame has before its content. */
export const FRAME_HEADER = 8;

/** What the last {@link FOOTER_BYTES} bytes of a layer of `size` bytes say, or all of a shorter one. */
export function parseFooter(tail: Bytes, size: number): FoundToc | undefined {
  return parseChunkedFooter(tail, size) ?? parseStargzFooter(tail, size);
}

/** The table of a layer, once it is sure to lie inside of it. */
export function checkPlace(toc: FoundToc, size: number): FoundToc {
  const { offset, size: length, plainSize = 0 } = toc;
  const isInside = isCount(offset) && isCount(length) && length > 0 && offset + length <= size;
  if (!isInside || !isCount(plainSize)) throw invalidToc('it is not where the layer says');
  return toc;
}

function parseStargzFooter(tail: Bytes, size: number): FoundToc | undefined {
  for (const footer of [ESTARGZ_FOOTER, STARGZ_FOOTER]) {
    if (tail.length < footer) continue;
    const member = tail.subarray(-footer);
    if (member[0] !== 0x1f || member[1] !== 0x8b || member[2] !== 8 || member[3] !== 4) continue;
    let extra = member.subarray(GZIP_HEADER, -AFTER_EXTRA);
    if (member[10] !== extra.length || member[11] !== 0) continue;
    if (footer === ESTARGZ_FOOTER) {
      if (extra[0] !== 0x53 || extra[1] !== 0x47 || extra[2] !== extra.length - 4 || extra[3] !== 0) continue;
      extra = extra.subarray(4);
    }
    const [, hex] = STARGZ.exec(textOf(extra)) ?? [];
    if (hex === undefined) continue;
    const offset = parseInt(hex, 16);
    return checkPlace({ kind: 'estargz', offset, size: size - footer - offset }, size);
  }
  return undefined;
}

function parseChunkedFooter(tail: Bytes, size: number): FoundToc | undefined {
  if (!CHUNKED_MAGIC.test(textOf(tail.subarray(-8)))) return undefined;
  for (const footer of CHUNKED_FOOTERS) {
    if (tail.length < footer + FRAME_HEADER) continue;
    const frame = tail.subarray(-footer - FRAME_HEADER);
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    if (view.getUint32(0, true) !== SKIPPABLE || view.getUint32(4, true) !== footer) continue;
    const [offset = 0, length = 0, plainSize = 0, type] = [0, 8, 16, 24].map((at) =>
      Number(view.getBigUint64(FRAME_HEADER + at, true)),
    );
    if (type !== CRFS) throw invalidToc(`unknown type ${String(type)}`);
    return checkPlace({ kind: 'zstd-chunked', offset, size: length, plainSize }, size);
  }
  return undefined;
}

/** The table that an annotation of a descriptor tells of: `offset:length:uncompressed length:type`. */
export function parsePosition(position: string, size: number): FoundToc {
  const match = /^(\d{1,16}):(\d{1,16}):(\d{1,16}):(\d{1,16})$/.exec(position);
  const [offset = 0, length = 0, plainSize = 0, type] = match?.slice(1).map(Number) ?? [];
  if (type !== CRFS) throw invalidToc(`unknown position ${JSON.stringify(position.slice(0, 80))}`);
  return checkPlace({ kind: 'zstd-chunked', offset, size: length, plainSize }, size);
}

function textOf(bytes: Bytes): string {
  return String.fromCharCode(...bytes);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
