import type { LookupAddress, LookupAllOptions } from 'node:dns';
import { mayReach, zoneOf } from '../address/zone.ts';
import type { Zone } from '../address/zone.ts';

/** Looks up every address of a name, as `dns.lookup` does with `all`. */
export type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

type Callback = (error: Error | null, address: LookupAddress[] | string, family?: number) => void;
/** Sockets ask for one address or for all of them. */
type GuardOptions = Omit<LookupAllOptions, 'all'> & { readonly all?: boolean };

/** How a guard is made. */
export interface GuardInit {
  /** Default: the system's. */
  readonly lookup?: LookupAll | undefined;
  /** Whether private addresses are fine, whatever the registry's own. Default `false`. */
  readonly privateAllowed?: boolean | undefined;
}

/**
 * A look-up for hosts that a registry leads to. It leaves out addresses that are nearer than the registry's own: a name
 * of the network that stands for a private address, for this machine or for a metadata service is one that somebody may
 * have made for us (DNS rebinding). Where the registry itself is near, so may be the others.
 *
 * @param registry the registry's host
 */
export async function guardedLookup(
  registry: string,
  { lookup, privateAllowed = false }: GuardInit = {},
): Promise<(hostname: string, options: GuardOptions, callback: Callback) => void> {
  const find = lookup ?? (await import('node:dns')).lookup;
  return (hostname, options, callback) => {
    find(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      if (addresses.every(({ address }) => zoneOfAddress(address) === 'public')) {
        answer(addresses);
        return;
      }
      find(registry.replace(/^\[|\]$/g, ''), { all: true }, (failure, own) => {
        const zones = failure === null ? own.map(({ address }) => zoneOfAddress(address)) : [];
        const mayBe = (to: Zone): boolean =>
          (privateAllowed && to === 'private') || zones.some((zone) => mayReach(zone, to));
        const allowed = addresses.filter(({ address }) => mayBe(zoneOfAddress(address)));
        if (allowed.length > 0) {
          answer(allowed);
          return;
        }
        const isPrivate = addresses.some(({ address }) => zoneOfAddress(address) === 'private');
        const knob = isPrivate ? ': a private one, allowPrivateRedirects allows those of redirects' : '';
        callback(new Error(`${hostname} stands for an address that ${registry} may not lead to${knob}`), []);
      });
    });

    function answer(addresses: LookupAddress[]): void {
      const [first] = addresses;
      if (options.all === true || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    }
  };
}

function zoneOfAddress(address: string): Zone {
  return zoneOf(address.includes(':') ? `[${address.replace(/%.*$/, '')}]` : address);
}
