/** How hard a registry is asked for a layer before it is sent. */
export interface LookupLimits {
  /** How many repositories it is tried to be mounted from. */
  readonly mounts: number;
  /** How many blobs are asked for in the target. */
  readonly checks: number;
  /** Whether these may be blobs that only other repositories were seen to have. */
  readonly others: boolean;
}

const SMALL = 100 * 1024;
const MIDDLE = 10 * 1024 * 1024;

/**
 * How hard to look for a layer, by moby's limits: a small one is sent as quickly as it is looked for.
 *
 * @param size uncompressed bytes; `undefined` where that cannot be told
 */
export function lookupLimits(size: number | undefined): LookupLimits {
  if (size === undefined) return { mounts: 3, checks: 1, others: false };
  if (size > MIDDLE) return { mounts: 4, checks: 3, others: true };
  if (size > SMALL) return { mounts: 3, checks: 1, others: false };
  return { mounts: 1, checks: 1, others: false };
}
