import { encodeGoJson, isDigest } from '@stowage/types';
import type { AbortOptions, Clock, Digest, Lease, LeaseManager, Storage } from '@stowage/types';
import { systemClock, withLock } from '@stowage/core';

const NAMESPACE = 'leases';
/** As moby's temporary leases: long enough for any pull, short enough that a dead one frees its disk. */
const LIFETIME_MS = 24 * 60 * 60 * 1000;

/** No lease outlives the machine that its holder runs on. One that is damaged protects nothing. */
const VOLATILE = { durable: false } as const;

/** The lock under which leases change and garbage is collected, so that neither overlooks the other. */
export const COLLECTION_LOCK = 'collection';

interface LeaseRecord {
  readonly expiresAt: number;
  readonly digests: readonly Digest[];
}

/**
 * Leases kept in the storage, so that a collection in another process sees them too.
 *
 * @param storage where leases are kept
 * @param options `clock` for tests
 */
export function createLeaseManager(storage: Storage, options: { readonly clock?: Clock } = {}): LeaseManager {
  const clock = options.clock ?? systemClock;
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- a refusal is a rejection
    create: async (createOptions?: AbortOptions): Promise<Lease> =>
      createLease(storage, clock, createOptions),
  };
}

function createLease(storage: Storage, clock: Clock, createOptions: AbortOptions = {}): Lease {
  createOptions.signal?.throwIfAborted();
  const key = `${crypto.randomUUID()}.json`;
  const held = new Set<Digest>();
  let released = false;
  const release = async (): Promise<void> => {
    if (released) return;
    released = true;
    await storage.metadata.delete(NAMESPACE, key, VOLATILE);
  };
  return {
    async add(digests, options): Promise<void> {
      const before = held.size;
      for (const digest of digests) held.add(digest);
      if (held.size === before) return;
      const record: LeaseRecord = { expiresAt: clock.now() + LIFETIME_MS, digests: [...held] };
      const write = (): Promise<void> =>
        storage.metadata.set(NAMESPACE, key, encodeGoJson(record), { ...options, ...VOLATILE });
      await withLock(storage, COLLECTION_LOCK, write, options);
    },
    release,
    [Symbol.asyncDispose]: release,
  };
}

/**
 * Every digest that a lease protects. Expired and unreadable leases are removed. Call it under
 * {@link COLLECTION_LOCK}.
 *
 * @param storage where leases are kept
 * @param clock the time
 */
export async function leasedDigests(
  storage: Storage,
  clock: Clock,
  options?: AbortOptions,
): Promise<Set<Digest>> {
  const digests = new Set<Digest>();
  for await (const key of storage.metadata.keys(NAMESPACE, options)) {
    const record = parseLease(await storage.metadata.get(NAMESPACE, key, options));
    if (record === undefined || record.expiresAt <= clock.now()) {
      await storage.metadata.delete(NAMESPACE, key, { ...options, ...VOLATILE });
      continue;
    }
    for (const digest of record.digests) digests.add(digest);
  }
  return digests;
}

function parseLease(bytes: Uint8Array | undefined): LeaseRecord | undefined {
  if (bytes === undefined) return undefined;
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<LeaseRecord>;
    const { expiresAt, digests } = value;
    const isSound = typeof expiresAt === 'number' && Array.isArray(digests) && digests.every(isDigest);
    return isSound ? { expiresAt, digests } : undefined;
  } catch {
    return undefined;
  }
}
