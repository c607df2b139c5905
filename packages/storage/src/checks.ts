import { checkMetadataKey, parseDigest, StowageError } from '@stowage/types';
import type { IngestOptions, RangeOptions } from '@stowage/types';
import { mergeLabels } from './labels.ts';

// The gates that arguments pass before any driver sees them. Callers in JavaScript may pass anything, hence the checks
// of types that TypeScript would make.

const MAX_REF = 1024;
const MAX_LOCK_NAME = 128;
const LOCK_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** Names that Windows keeps for devices: no file can have them. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/;
/** Half of a pair: it has no UTF-8, so that two refs could look the same on disk. */
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Namespaces that a storage keeps for itself. */
const RESERVED_NAMESPACES: readonly string[] = ['content-labels', 'locks'];

/** The most bytes of one metadata value; far above the seek index of the largest layer that is practical. */
export const MAX_METADATA_BYTES: number = 256 * 1024 * 1024;

/** The files of the OCI layout itself: the only keys of the namespace `layout`. */
export const LAYOUT_KEYS: readonly string[] = ['index.json', 'oci-layout'];

/** Checks the name of an ingest. */
export function checkRef(ref: string): void {
  if (typeof ref === 'string' && ref !== '' && ref.length <= MAX_REF && !LONE_SURROGATE.test(ref)) return;
  throw invalid(`an ingest needs a ref of 1 to ${MAX_REF} characters`);
}

/** Checks what an ingest or a commit expects. */
export function checkExpectation({ digest, size, labels }: IngestOptions): void {
  if (digest !== undefined) parseDigest(digest);
  if (size !== undefined && !isSize(size)) throw invalid(`${size} is no size`);
  mergeLabels({}, labels);
}

/** Checks how much may be read into memory. */
export function checkMaxBytes(maxBytes: number): void {
  if (typeof maxBytes !== 'number' || !(maxBytes >= 0)) throw invalid(`${maxBytes} is no limit`);
}

/** The first byte and the byte behind the last of a part of something with `size` bytes. */
export function resolveRange(range: RangeOptions, size: number): { start: number; end: number } {
  const { offset: start = 0, length = Number.POSITIVE_INFINITY } = range;
  if (!isSize(start)) throw invalid(`${start} is no offset`);
  if (!isSize(length) && length !== Number.POSITIVE_INFINITY) throw invalid(`${length} is no length`);
  if (start > size) throw invalid(`offset ${start} is beyond the end at ${size}`);
  return { start, end: Math.min(size, start + length) };
}

/** Checks a size to truncate to. */
export function checkTruncation(size: number, offset: number): void {
  if (!isSize(size) || size > offset) throw invalid(`cannot truncate ${offset} bytes to ${size}`);
}

/** Checks the name of a lock. */
export function checkLockName(name: string): void {
  if (name.length <= MAX_LOCK_NAME && LOCK_NAME.test(name) && !DEVICE.test(name)) return;
  throw invalid(`a lock's name is lower-case words joined by dashes, not ${JSON.stringify(name)}`);
}

/** Checks a metadata namespace. */
export function checkNamespace(namespace: string): void {
  checkMetadataKey(namespace, 'x');
  if (RESERVED_NAMESPACES.includes(namespace))
    throw invalid(`the namespace ${namespace} is the storage's own`);
}

/** Checks a metadata namespace and key. */
export function checkKey(namespace: string, key: string): void {
  checkNamespace(namespace);
  checkMetadataKey(namespace, key);
  if (namespace === 'layout' && !LAYOUT_KEYS.includes(key))
    throw invalid(`the OCI layout has no file ${key}`);
}

/** Checks the size of a metadata value. */
export function checkValueSize(size: number): void {
  if (size <= MAX_METADATA_BYTES) return;
  throw new StowageError(
    'LIMIT_EXCEEDED',
    `a metadata value has at most ${MAX_METADATA_BYTES} bytes, not ${size}`,
  );
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
