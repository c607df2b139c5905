import { addressBits } from './address.ts';

/** Of an IPv6 address that stands for an IPv4 one, the first 96 bits. */
const MAPPED = '0'.repeat(80) + '1'.repeat(16);
const IPV4 = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;
const IPV6 = /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/;

/** A range of IP addresses. */
export interface AddressRange {
  /** As Go prints it: the network's own address and the length of its prefix, `10.0.0.0/8`. */
  readonly text: string;
  /** How many bits an address of this family has. */
  readonly width: 32 | 128;
  /** The leading bits that its addresses share. */
  readonly bits: string;
}

/**
 * The bits of an IP address in its usual notation, IPv6 without brackets; `undefined` for anything else. An IPv6 address
 * that stands for an IPv4 one counts as that, as in Go.
 */
export function parseAddress(text: string): string | undefined {
  if (IPV4.test(text)) {
    return text.split('.').every((octet) => Number(octet) <= 255) ? addressBits(text) : undefined;
  }
  const url = `http://[${text}]`;
  if (!IPV6.test(text) || !URL.canParse(url)) return undefined;
  return unmapped(addressBits(new URL(url).hostname));
}

/** Reads a CIDR range by the rules of Go's `net.ParseCIDR`; `undefined` for what is none. */
export function parseAddressRange(cidr: string): AddressRange | undefined {
  const [, address = '', length = ''] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(cidr) ?? [];
  const bits = parseAddress(address);
  if (bits === undefined) return undefined;
  const isMapped = bits.length === 32 && address.includes(':');
  const prefix = Number(length) - (isMapped ? 96 : 0);
  if (prefix < 0 || prefix > bits.length) return undefined;
  const network = bits.slice(0, prefix);
  return {
    text: `${formatBits(network.padEnd(bits.length, '0'))}/${String(prefix)}`,
    width: bits.length === 32 ? 32 : 128,
    bits: network,
  };
}

/** Whether an address, by its bits, lies in a range of its own family. */
export function isWithin(address: string, { width, bits }: AddressRange): boolean {
  const plain = unmapped(address) ?? '';
  return plain.length === width && plain.startsWith(bits);
}

function unmapped(bits: string | undefined): string | undefined {
  return bits?.length === 128 && bits.startsWith(MAPPED) ? bits.slice(96) : bits;
}

function formatBits(bits: string): string {
  const size = bits.length === 32 ? 8 : 16;
  const groups = Array.from({ length: bits.length / size }, (_, index) =>
    Number.parseInt(bits.slice(index * size, (index + 1) * size), 2),
  );
  if (size === 8) return groups.join('.');
  // The parser of URLs knows how to shorten these.
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1);
}
