import { addressBits, isInRange } from './address.ts';

/** How far away a host is, judged by its name or address alone and never by DNS. */
export type Zone = 'public' | 'private' | 'link-local' | 'loopback';

/** Names that clouds give to the address of their metadata service. */
const METADATA_NAMES: readonly string[] = [
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.tencentyun.com',
];

/** Endings of names that only mean something within a network (RFC 6762, RFC 8375, ICANN's `internal`). */
const INNER_NAMES = /^[^.]+$|\.(?:internal|local|lan|home\.arpa|intranet)$/;

/** The first range that holds an address decides. */
const RANGES: readonly (readonly [cidr: string, zone: Zone])[] = [
  ['127.0.0.0/8', 'loopback'],
  ['0.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['168.63.129.16/32', 'link-local'],
  ['100.100.100.200/32', 'link-local'],
  ['10.0.0.0/8', 'private'],
  ['172.16.0.0/12', 'private'],
  ['192.168.0.0/16', 'private'],
  ['100.64.0.0/10', 'private'],
  ['192.0.0.0/24', 'private'],
  ['198.18.0.0/15', 'private'],
  ['224.0.0.0/3', 'private'],
  ['::1/128', 'loopback'],
  ['::/128', 'loopback'],
  ['fe80::/10', 'link-local'],
  ['fd00:ec2::254/128', 'link-local'],
  ['fc00::/7', 'private'],
  ['fec0::/10', 'private'],
  ['ff00::/8', 'private'],
  ['64:ff9b:1::/48', 'private'],
];

/** IPv6 ranges whose addresses carry an IPv4 address, and at which bit it begins. */
const EMBEDDED: readonly (readonly [cidr: string, at: number])[] = [
  ['::ffff:0:0/96', 96],
  ['64:ff9b::/96', 96],
  ['::/96', 96],
  ['2002::/16', 16],
];

/**
 * Where a host lies.
 *
 * @param hostname as `URL` gives it, which has already turned odd spellings (`0x7f.1`, `2130706433`) into plain ones
 */
export function zoneOf(hostname: string): Zone {
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  if (name === 'localhost' || name.endsWith('.localhost')) return 'loopback';
  if (METADATA_NAMES.includes(name)) return 'link-local';
  const bits = addressBits(name);
  if (bits !== undefined) return zoneOfBits(bits);
  return INNER_NAMES.test(name) ? 'private' : 'public';
}

/**
 * Whether a registry in one zone may send us to a host in another: outwards always, never from the network to this
 * machine or to a metadata service.
 */
export function mayReach(from: Zone, to: Zone): boolean {
  return to === 'public' || to === from || (to === 'private' && from !== 'public');
}

/** Whether a host is this machine by its literal name: `localhost`, 127.0.0.0/8 or ::1. */
export function isLoopbackHost(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  const bits = addressBits(hostname);
  return bits !== undefined && isInRange(bits, '127.0.0.0/8');
}

function zoneOfBits(bits: string): Zone {
  const found = RANGES.find(([cidr]) => isInRange(bits, cidr));
  if (found !== undefined) return found[1];
  const embedded = EMBEDDED.find(([cidr]) => isInRange(bits, cidr));
  return embedded === undefined ? 'public' : zoneOfBits(bits.slice(embedded[1], embedded[1] + 32));
}
