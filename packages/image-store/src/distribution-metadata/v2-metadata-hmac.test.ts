import { digestBytes } from '@stowage/core';
import { asDigest } from '@stowage/types';
import type { AuthConfig } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { fromHex, hmacSha256, toHex } from './hmac-sha256.ts';
import { checkV2MetadataHmac, computeV2MetadataHmac, computeV2MetadataHmacKey } from './v2-metadata-hmac.ts';

const encoder = new TextEncoder();
const digest = asDigest(`sha256:${'0'.repeat(64)}`);
const seen = { digest, sourceRepository: 'docker.io/library/busybox' };

describe('hmacSha256', () => {
  // RFC 4231, test cases 1, 2, 3, 6 and 7.
  it.each([
    ['0b'.repeat(20), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      toHex(encoder.encode('Jefe')),
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      'aa'.repeat(131),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
    [
      'aa'.repeat(131),
      'This is a test using a larger than block-size key and a larger than block-size data. ' +
        'The key needs to be hashed before being used by the HMAC algorithm.',
      '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    ],
  ])('of key %s', async (key, message, expected) => {
    const mac = await hmacSha256(fromHex(key) ?? new Uint8Array(), encoder.encode(message));
    expect(toHex(mac)).toBe(expected);
  });
});

describe('computeV2MetadataHmacKey', () => {
  it.each<[AuthConfig, string]>([
    [{}, '{}'],
    [{ username: '', password: '' }, '{}'],
    [{ password: 'b', username: 'a' }, '{"username":"a","password":"b"}'],
    [{ email: 'e', serverAddress: 's', username: 'a' }, '{"username":"a"}'],
    [
      { registryToken: 'r', identityToken: 'i', auth: 'c', password: '<b>', username: 'a' },
      '{"username":"a","password":"\\u003cb\\u003e","auth":"c","identitytoken":"i","registrytoken":"r"}',
    ],
  ])('of %j', async (auth, json) => {
    expect(await computeV2MetadataHmacKey(auth)).toBe(await digestBytes(encoder.encode(json)));
  });

  it('is none without credentials', async () => {
    expect(await computeV2MetadataHmacKey(undefined)).toBeUndefined();
  });
});

describe('checkV2MetadataHmac', () => {
  it('is the HMAC of digest and repository', async () => {
    const key = await computeV2MetadataHmacKey({});
    expect(key).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
    const expected = await hmacSha256(encoder.encode(key), encoder.encode(digest + seen.sourceRepository));
    expect(await computeV2MetadataHmac(key, seen)).toBe(toHex(expected));
  });

  it.each([
    ['the same key', 'key', 'key', true],
    ['another key', 'key', 'other', false],
    ['no key', 'key', undefined, false],
    ['an empty key', 'key', '', false],
    ['a key where there was none', undefined, 'key', false],
    ['no key where there was none', undefined, undefined, true],
  ])('with %s', async (_, noted, asked, expected) => {
    const metadata = { ...seen, hmac: await computeV2MetadataHmac(noted, seen) };
    expect(await checkV2MetadataHmac(metadata, asked)).toBe(expected);
  });

  it('looks at digest, repository and every digit', async () => {
    const hmac = await computeV2MetadataHmac('key', seen);
    expect(await checkV2MetadataHmac({ ...seen, hmac: hmac.toUpperCase() }, 'key')).toBe(true);
    for (const changed of [
      { ...seen, hmac: hmac.slice(2) },
      { ...seen, hmac: `${hmac}00` },
      { ...seen, hmac: hmac.slice(1) },
      { ...seen, hmac: hmac.replace(/.$/, (last) => (last === '0' ? '1' : '0')) },
      { ...seen, hmac: 'no hexadecimal' },
      { ...seen, hmac, sourceRepository: 'docker.io/library/other' },
      { ...seen, hmac, digest: asDigest(`sha256:${'1'.repeat(64)}`) },
    ]) {
      expect(await checkV2MetadataHmac(changed, 'key')).toBe(false);
    }
  });
});
