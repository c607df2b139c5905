import type { Bytes, DigestAlgorithm } from '@stowage/types';

/** The state of a running hash, kept with the bytes of an ingest so that they need not be read again. */
export interface SavedHash {
  readonly algorithm: DigestAlgorithm;
  /** How many bytes it has taken, from the first on. */
  readonly size: number;
  /** What a digester of any backend can be restored from. */
  readonly state: Bytes;
}

/** The most that a file with a saved hash has; a state is some hundred bytes. */
export const MAX_SAVED_HASH_BYTES = 4096;

const FORM = /^(sha256|sha384|sha512) (\d{1,16}) ((?:[0-9a-f]{2})+)\n$/;

/** The line that stands for a saved hash in a file. */
export function formatSavedHash({ algorithm, size, state }: SavedHash): string {
  const hex = Array.from(state, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${algorithm} ${String(size)} ${hex}\n`;
}

/** Reads that line; `undefined` for any other. */
export function parseSavedHash(text: string): SavedHash | undefined {
  const [, algorithm, size, hex = ''] = FORM.exec(text) ?? [];
  if (algorithm === undefined || !Number.isSafeInteger(Number(size))) return undefined;
  const state = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return { algorithm: algorithm as DigestAlgorithm, size: Number(size), state };
}
