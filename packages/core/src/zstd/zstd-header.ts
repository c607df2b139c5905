import { StowageError } from '@stowage/types';
import { invalidStream } from '../inflate/decoder.ts';

/** What the header of a frame says (RFC 8878, section 3.1.1.1). */
export interface ZstdFrameHeader {
  readonly windowSize: number;
  /** How long the content is, where that is said. */
  readonly contentSize: number | undefined;
  readonly hasChecksum: boolean;
}

/** Bytes of a dictionary ID, by its flag in the descriptor. */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;

/** How many bytes of header follow a descriptor. */
export function headerLength(descriptor: number): number {
  const single = (descriptor >> 5) & 1;
  return 1 - single + (DICTIONARY_BYTES[descriptor & 3] as number) + contentSizeLength(descriptor);
}

function contentSizeLength(descriptor: number): number {
  const flag = descriptor >> 6;
  return flag === 0 ? (descriptor >> 5) & 1 : 1 << flag;
}

/**
 * Reads the header of a frame.
 *
 * @param header the bytes after the descriptor
 * @param maxWindow the largest window to accept, in bytes
 * @throws `UNSUPPORTED` for a frame that needs a dictionary, `LIMIT_EXCEEDED` for too large a window,
 *   `INVALID_ARCHIVE` for a reserved bit
 */
export function readFrameHeader(descriptor: number, header: Uint8Array, maxWindow: number): ZstdFrameHeader {
  if ((descriptor & 8) !== 0) throw invalidStream('zstd', 'a reserved bit is set');
  const single = (descriptor & 0x20) !== 0;
  const dictionaryEnd = (single ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] as number);
  const dictionary = numberOf(header.subarray(single ? 0 : 1, dictionaryEnd));
  if (dictionary !== 0) {
    throw new StowageError('UNSUPPORTED', `cannot decompress zstd with a dictionary (ID ${dictionary})`);
  }
  const size = header.subarray(dictionaryEnd);
  const contentSize = size.length === 0 ? undefined : numberOf(size) + (size.length === 2 ? 256 : 0);
  const windowSize = single ? (contentSize as number) : windowOf(header[0] as number);
  // Written so that a limit that is no number lets nothing through.
  if (!(windowSize <= maxWindow)) {
    throw new StowageError('LIMIT_EXCEEDED', `the window of a zstd frame is longer than ${maxWindow} bytes`);
  }
  return { windowSize, contentSize, hasChecksum: (descriptor & 4) !== 0 };
}

function windowOf(byte: number): number {
  const base = 2 ** (10 + (byte >> 3));
  return base + (base / 8) * (byte & 7);
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
