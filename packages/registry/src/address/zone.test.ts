import { describe, expect, it } from 'vitest';
import { addressBits, isInRange, rangeBits } from './address.ts';
import { isLoopbackHost, mayReach, zoneOf } from './zone.ts';
import type { Zone } from './zone.ts';

function hostname(host: string): string {
  return new URL(`http://${host}/`).hostname;
}

describe('zoneOf', () => {
  it.each<[Zone, string[]]>([
    [
      'loopback',
      ['localhost', 'a.localhost', 'localhost.', '127.0.0.1', '127.255.0.9', '0.0.0.0', '[::1]', '[::]'],
    ],
    ['loopback', ['2130706433', '0x7f.1', '0177.0.0.1', '127.1', '[::ffff:127.0.0.1]', '[::127.0.0.1]']],
    [
      'link-local',
      ['169.254.169.254', '[fe80::1]', '[fd00:ec2::254]', '[::ffff:169.254.169.254]', '100.100.100.200'],
    ],
    [
      'link-local',
      ['metadata.google.internal', '[64:ff9b::169.254.169.254]', '[2002:a9fe:a9fe::]', '0xa9fea9fe'],
    ],
    [
      'private',
      ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '[fd12::1]', '[fc00::]'],
    ],
    ['private', ['[::ffff:10.0.0.1]', '224.0.0.1', '255.255.255.255', '[ff02::1]', '[64:ff9b:1::1]']],
    [
      'public',
      ['registry.example', '8.8.8.8', '172.32.0.1', '11.0.0.0', '[2001:db8::1]', '[::ffff:8.8.8.8]'],
    ],
    ['public', ['127.0.0.1.example', 'localhost.example', 'notlocalhost.example']],
    ['private', ['registry', 'minio.internal', 'nas.local', 'box.lan', 'nas.home.arpa', 'x.intranet.']],
    ['link-local', ['metadata', 'metadata.goog', 'instance-data']],
  ])('puts into %s: %s', (zone, hosts) => {
    for (const host of hosts) expect([host, zoneOf(hostname(host))]).toEqual([host, zone]);
  });
});

describe('mayReach', () => {
  it('lets a registry send us outwards, and inwards only to where it is itself', () => {
    const zones: Zone[] = ['public', 'private', 'link-local', 'loopback'];
    const reached = zones.map((from) => [from, ...zones.filter((to) => mayReach(from, to))]);
    expect(reached).toEqual([
      ['public', 'public'],
      ['private', 'public', 'private'],
      ['link-local', 'public', 'private', 'link-local'],
      ['loopback', 'public', 'private', 'loopback'],
    ]);
  });
});

describe('isLoopbackHost', () => {
  it('goes by the literal name', () => {
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]'])
      expect(isLoopbackHost(host)).toBe(true);
    for (const host of ['0.0.0.0', 'a.localhost', '128.0.0.1', '[::2]', 'localhost.example', '[7f00::1]']) {
      expect([host, isLoopbackHost(host)]).toEqual([host, false]);
    }
  });
});

describe('addresses', () => {
  it('become bits', () => {
    expect(addressBits('1.2.3.255')).toBe('00000001000000100000001111111111');
    expect(addressBits('[8000::1]')).toBe(`1${'0'.repeat(126)}1`);
    expect(addressBits('[1:2:3:4:5:6:7:8]')?.length).toBe(128);
    expect(addressBits('example')).toBeUndefined();
  });

  it('lie in ranges of their own family', () => {
    expect(isInRange(addressBits('10.1.2.3') ?? '', '10.0.0.0/8')).toBe(true);
    expect(isInRange(addressBits('11.1.2.3') ?? '', '10.0.0.0/8')).toBe(false);
    expect(isInRange(addressBits('1.2.3.4') ?? '', '0.0.0.0/0')).toBe(true);
    expect(isInRange(addressBits('[::1]') ?? '', '0.0.0.0/0')).toBe(false);
    expect(isInRange(addressBits('1.2.3.4') ?? '', '::/0')).toBe(false);
  });

  it('are no ranges when malformed', () => {
    for (const text of ['10.0.0.0', '10.0.0.0/33', '::/129', 'example/8', '10.0.0.0/', '1.2.3.4.5/8', '/8']) {
      expect([text, rangeBits(text)]).toEqual([text, undefined]);
    }
  });
});
