import { digestBytes } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import type { Clock } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createLeaseManager, leasedDigests } from './leases.ts';

const [one, two] = await Promise.all([digestBytes(new Uint8Array(1)), digestBytes(new Uint8Array(2))]);
const DAY = 24 * 60 * 60 * 1000;

function clockAt(now: number): Clock {
  return { now: () => now, sleep: () => Promise.resolve() };
}

describe('leases', () => {
  it('protect what was added until they are released', async () => {
    const storage = createMemoryStorage();
    const lease = await createLeaseManager(storage, { clock: clockAt(0) }).create();
    await lease.add([one]);
    await lease.add([one, two]);
    expect(await leasedDigests(storage, clockAt(DAY - 1))).toEqual(new Set([one, two]));
    await lease.release();
    await lease.release();
    expect(await leasedDigests(storage, clockAt(0))).toEqual(new Set());
  });

  it('of a holder that died end after a day, and are cleared away', async () => {
    const storage = createMemoryStorage();
    const lease = await createLeaseManager(storage, { clock: clockAt(0) }).create();
    await lease.add([one]);
    expect(await leasedDigests(storage, clockAt(DAY))).toEqual(new Set());
    expect(await leasedDigests(storage, clockAt(0))).toEqual(new Set());
  });

  it('that cannot be read protect nothing and are cleared away', async () => {
    const storage = createMemoryStorage();
    await storage.metadata.set('leases', 'torn.json', new TextEncoder().encode('{"digests":'));
    await storage.metadata.set(
      'leases',
      'strange.json',
      new TextEncoder().encode('{"digests":[7],"expiresAt":"x"}'),
    );
    expect(await leasedDigests(storage, clockAt(0))).toEqual(new Set());
    expect(await storage.metadata.get('leases', 'torn.json')).toBeUndefined();
  });

  it('are not handed out once the signal is aborted', async () => {
    const reason = new Error('enough');
    const leases = createLeaseManager(createMemoryStorage());
    await expect(leases.create({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
