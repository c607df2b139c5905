import type { SeekPoints } from './seek-index.ts';

// The form of a seek index: docs/seek-index.md.

/** `SWS`. */
export const MAGIC = [0x53, 0x57, 0x53] as const;
export const VERSION = 1;
/** The CRC-32 at the end. */
export const CHECK_LENGTH = 4;
/** By their numbers. */
export const FORMATS: readonly SeekPoints['format'][] = ['plain', 'gzip', 'zstd'];
/** The longest digest as text: `sha512:` and 128 digits. */
export const MAX_DIGEST_LENGTH = 160;
