import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWithin, parseAddress, parseAddressRange } from './address-range.ts';

function isIn(address: string, cidr: string): boolean {
  const bits = parseAddress(address);
  const range = parseAddressRange(cidr);
  if (bits === undefined || range === undefined) throw new Error(`malformed: ${address} ${cidr}`);
  return isWithin(bits, range);
}

describe('parseAddressRange', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['192.168.1.255/23', '192.168.0.0/23'],
    ['1.2.3.4/32', '1.2.3.4/32'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['::1/128', '::1/128'],
    ['2001:DB8:0:0::1/32', '2001:db8::/32'],
    ['fe80::1/64', 'fe80::/64'],
    ['::/0', '::/0'],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
  ])('reads %s as %s', (cidr, text) => {
    expect(parseAddressRange(cidr)?.text).toBe(text);
  });

  it.each([
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08x',
    '10.0.0/8',
    '10/8',
    '010.0.0.0/8',
    '256.0.0.0/8',
    '0x0a.0.0.0/8',
    '::1/129',
    '::1::/64',
    '[::1]/128',
    '::ffff:10.0.0.0/90',
    'fe80::1%eth0/64',
    'host.example/8',
    '/8',
    '',
  ])('refuses %j', (cidr) => {
    expect(parseAddressRange(cidr)).toBeUndefined();
  });

  it('holds its own addresses and no others', () => {
    expect(isIn('10.255.0.1', '10.0.0.0/8')).toBe(true);
    expect(isIn('11.0.0.1', '10.0.0.0/8')).toBe(false);
    expect(isIn('::ffff:10.0.0.1', '10.0.0.0/8')).toBe(true);
    expect(isIn('::10.0.0.1', '10.0.0.0/8')).toBe(false);
    expect(isIn('fd00::1', 'fd00::/8')).toBe(true);
    expect(isIn('10.0.0.1', '::/0')).toBe(false);
    expect(isIn('::1', '0.0.0.0/0')).toBe(false);
  });

  it('prints what reads the same', () => {
    const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(32));
    fc.assert(
      fc.property(octets, ([a, b, c, d, prefix]) => {
        const address = [a, b, c, d].join('.');
        const range = parseAddressRange(`${address}/${String(prefix)}`);
        expect(range).toBeDefined();
        expect(parseAddressRange(range?.text ?? '')).toEqual(range);
        expect(isIn(address, range?.text ?? '')).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), fc.nat(128), (address, prefix) => {
        const range = parseAddressRange(`${address}/${String(prefix)}`);
        // Of addresses that stand for IPv4 ones, only what lies within those is a range.
        if (range !== undefined) expect(isIn(address, range.text)).toBe(true);
        else expect(parseAddress(address)?.length).toBe(32);
      }),
    );
  });
});
