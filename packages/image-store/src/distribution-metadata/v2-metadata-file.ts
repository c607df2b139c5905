import { decodeGoJson, encodeGoJson, isDigest, isStowageError } from '@stowage/types';
import type { Bytes, V2Metadata } from '@stowage/types';

/** The longest list that is read, in bytes: some twenty times what is ever written. */
const MAX_BYTES = 1024 * 1024;

/** Writes a list as moby does. */
export function encodeV2Metadata(list: readonly V2Metadata[]): Bytes {
  return encodeGoJson(
    list.map(({ digest, sourceRepository, hmac }) => ({
      Digest: digest,
      SourceRepository: sourceRepository,
      HMAC: hmac,
    })),
  );
}

/** Reads a list as moby's decoder does, names in any case. A damaged one is empty, and damaged entries are left out. */
export function decodeV2Metadata(bytes: Bytes): readonly V2Metadata[] {
  const list = parse(bytes);
  return Array.isArray(list) ? list.flatMap((entry: unknown) => entryOf(entry) ?? []) : [];
}

function parse(bytes: Bytes): unknown {
  try {
    return decodeGoJson(bytes, { maxBytes: MAX_BYTES });
  } catch (error) {
    if (isStowageError(error)) return undefined;
    throw error;
  }
}

function entryOf(value: unknown): V2Metadata | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const members = new Map(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]: [string, unknown]) => [name.toLowerCase(), member]),
  );
  const digest = members.get('digest');
  const sourceRepository = members.get('sourcerepository') ?? '';
  const hmac = members.get('hmac') ?? '';
  if (typeof digest !== 'string' || !isDigest(digest)) return undefined;
  if (typeof sourceRepository !== 'string' || typeof hmac !== 'string') return undefined;
  return { digest, sourceRepository, hmac };
}
