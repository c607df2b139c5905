/**
 * The bits of an IP address as a string of 0 and 1, 32 or 128 of them; `undefined` for a host that is no address.
 *
 * @param hostname as `URL` gives it: IPv4 dotted, IPv6 in brackets
 */
export function addressBits(hostname: string): string | undefined {
  if (hostname.startsWith('[')) return ipv6Bits(hostname.slice(1, -1));
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(hostname)) return undefined;
  return hostname.split('.').map(octetBits).join('');
}

/** The leading bits that the addresses of a CIDR range share; `undefined` for what is no such range. */
export function rangeBits(cidr: string): string | undefined {
  const match = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(cidr);
  if (match === null) return undefined;
  const [, address = '', prefix = ''] = match;
  const url = `http://${address.includes(':') ? `[${address}]` : address}`;
  const bits = URL.canParse(url) ? addressBits(new URL(url).hostname) : undefined;
  return bits === undefined || Number(prefix) > bits.length ? undefined : bits.slice(0, Number(prefix));
}

/** Whether an address lies in a range of its own family. */
export function isInRange(bits: string, cidr: string): boolean {
  return (bits.length === 128) === cidr.includes(':') && bits.startsWith(rangeBits(cidr) ?? 'none');
}

function ipv6Bits(text: string): string {
  const [head = '', tail] = text.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'))
    .join('');
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}

function octetBits(octet: string): string {
  return Number(octet).toString(2).padStart(8, '0');
}
