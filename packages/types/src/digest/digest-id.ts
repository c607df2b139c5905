import type { Bytes } from '../bytes.ts';
import { shortId } from './digest.ts';
import { StowageError } from '../error/errors.ts';

const SHORT_ID = /^[a-f0-9]{12}$/;
const LONG_ID = /^[a-f0-9]{64}$/;
const DECIMAL = /^[0-9]+$/;
const ID_BYTES = 32;
/** Chance alone takes one new roll in 280; a source that needs this many is broken. */
const MAX_ROLLS = 64;

/**
 * Whether a text has the form of a short ID: 12 lower-case hexadecimal characters (moby's `stringid.IsShortID`).
 *
 * @param value any string
 *
 * @example
 * ```ts
 * import { isShortId } from '@stowage/types';
 *
 * console.log(isShortId('0123456789ab')); // true
 * ```
 */
export function isShortId(value: string): boolean {
  return SHORT_ID.test(value);
}

/**
 * The gate for the IDs of version 1 images, as in the names of the folders of `docker save`: 64 lower-case hexadecimal
 * characters (moby's `stringid.ValidateID`).
 *
 * @param id the ID to check
 * @throws `INVALID_ARGUMENT` `image ID "..." is invalid`
 *
 * @example
 * ```ts
 * import { checkV1Id } from '@stowage/types';
 *
 * checkV1Id('ab'.repeat(32)); // passes
 * ```
 */
export function checkV1Id(id: string): void {
  if (!LONG_ID.test(id))
    throw new StowageError('INVALID_ARGUMENT', `image ID ${JSON.stringify(id)} is invalid`);
}

/**
 * A random ID of 64 hexadecimal characters. Its short form is never all digits, so that it can stand for a host name
 * and is not taken for a number (moby's `stringid.GenerateRandomID`).
 *
 * @param random gives that many random bytes
 * @throws `INVALID_ARGUMENT` when `random` gives another number of bytes, or nothing but digits again and again
 *
 * @example
 * ```ts
 * import { generateRandomId } from '@stowage/types';
 *
 * console.log(generateRandomId((length) => crypto.getRandomValues(new Uint8Array(length))).length); // 64
 * ```
 */
export function generateRandomId(random: (length: number) => Bytes): string {
  for (let roll = 0; roll < MAX_ROLLS; roll += 1) {
    const bytes = random(ID_BYTES);
    if (bytes.length !== ID_BYTES) break;
    const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    if (!DECIMAL.test(shortId(id))) return id;
  }
  throw new StowageError('INVALID_ARGUMENT', 'the source of randomness gives no usable ID');
}
