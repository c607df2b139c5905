import { createDigester, iterate } from '@stowage/core';
import { isStowageError, parseDigest } from '@stowage/types';
import type { AbortOptions, CheckedItem, ContentInfo, ContentStore } from '@stowage/types';

/**
 * Reads every blob of a store and compares size and digest. A blob that is not what its digest says can be dropped; one
 * that is removed while the check runs counts as sound.
 *
 * @param content the blobs
 * @param options how to end early
 * @returns every blob, one after the other, in no order
 *
 * @example
 * ```ts
 * import { checkContent, createMemoryStorage } from '@stowage/storage';
 *
 * const { content } = createMemoryStorage();
 * await using ingest = await content.ingest('greeting');
 * await ingest.write(new TextEncoder().encode('hello'));
 * await ingest.commit();
 * for await (const { kind, fault } of checkContent(content)) console.log(kind, fault); // blob undefined
 * ```
 */
export async function* checkContent(
  content: ContentStore,
  options: AbortOptions = {},
): AsyncGenerator<CheckedItem> {
  for await (const info of content.walk(options)) {
    const { digest } = info;
    const fault = await faultOf(content, info, options);
    if (fault === undefined) yield { kind: 'blob', subject: digest };
    else {
      const drop = (dropOptions?: AbortOptions): Promise<void> => content.delete(digest, dropOptions);
      yield { kind: 'blob', subject: digest, fault, drop };
    }
  }
}

async function faultOf(
  content: ContentStore,
  { digest, size }: ContentInfo,
  options: AbortOptions,
): Promise<string | undefined> {
  const digester = await createDigester(parseDigest(digest).algorithm);
  let count = 0;
  try {
    for await (const bytes of iterate(await content.open(digest, options), options)) {
      digester.update(bytes);
      count += bytes.length;
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isStowageError(error)) throw error;
    return error.code === 'NOT_FOUND' ? undefined : `it cannot be read: ${error.message}`;
  }
  if (count !== size) return `it has ${String(count)} bytes, and should have ${String(size)}`;
  const found = digester.digest();
  return found === digest ? undefined : `its bytes have the digest ${found}`;
}
