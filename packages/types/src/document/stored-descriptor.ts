import { isDigest } from '../digest/digest.ts';
import type { Descriptor } from './descriptor.ts';

/**
 * What a store keeps of the descriptor of a blob that it has: never the blob itself (`data`), which would be there twice,
 * and nothing that is of its manifest alone.
 *
 * @param descriptor as a manifest has it
 *
 * @example
 * ```ts
 * import { asDigest, storedDescriptor } from '@stowage/types';
 *
 * const digest = asDigest(`sha256:${'0'.repeat(64)}`);
 * console.log(Object.keys(storedDescriptor({ mediaType: 'text/plain', digest, size: 1, data: 'YQ==' })).length); // 3
 * ```
 */
export function storedDescriptor({ mediaType, digest, size, urls, annotations }: Descriptor): Descriptor {
  return {
    mediaType,
    digest,
    size,
    ...(urls === undefined ? {} : { urls }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/**
 * Whether a value that was read from a store is a descriptor such as {@link storedDescriptor} makes; what else it has
 * is not looked at.
 *
 * @param value parsed JSON
 *
 * @example
 * ```ts
 * import { isStoredDescriptor } from '@stowage/types';
 *
 * console.log(isStoredDescriptor({ mediaType: 'text/plain', digest: 'none', size: 1 })); // false
 * ```
 */
export function isStoredDescriptor(value: unknown): value is Descriptor {
  if (!isObject(value)) return false;
  const { mediaType, digest, size, urls, annotations } = value;
  return (
    typeof mediaType === 'string' &&
    typeof digest === 'string' &&
    isDigest(digest) &&
    Number.isSafeInteger(size) &&
    (size as number) >= 0 &&
    (urls === undefined || (Array.isArray(urls) && urls.every(isText))) &&
    (annotations === undefined || (isObject(annotations) && Object.values(annotations).every(isText)))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
