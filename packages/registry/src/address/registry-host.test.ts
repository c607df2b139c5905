import { describe, expect, it } from 'vitest';
import { faultOfHostPort, isRegistryHost, splitHostPort } from './registry-host.ts';

describe('faultOfHostPort', () => {
  it.each([
    'registry.example',
    'registry.example:5000',
    'registry:0',
    '127.0.0.1',
    '127.0.0.1:65535',
    '2001:db8::1',
    '[2001:db8::1]:80',
    '[2001:db8::1]',
    'UPPER.example',
  ])('accepts %s', (text) => {
    expect(faultOfHostPort(text)).toBeUndefined();
  });

  it.each([
    ['bad-.example', 'invalid host "bad-.example"'],
    ['under_score', 'invalid host "under_score"'],
    ['registry.example:port', 'invalid host "registry.example"'],
    ['registry.example:65536', 'invalid port "65536"'],
    ['1.2.3.4:99999999999999999999', 'invalid port "99999999999999999999"'],
    ['"quoted":5000', 'invalid host "\\"quoted\\""'],
    ['1:2:3:4:5:6:7:8:9', 'invalid host "1:2:3:4:5:6:7:8:9"'],
    ['a/b', 'invalid host "a/b"'],
    ['', 'invalid host ""'],
  ])('refuses %j', (text, fault) => {
    expect(faultOfHostPort(text)).toBe(fault);
  });
});

describe('splitHostPort', () => {
  it.each([
    ['a:1', 'a', '1'],
    ['[::1]:1', '::1', '1'],
    ['a', 'a', ''],
    ['::1', '::1', ''],
    ['[::1]', '[::1]', ''],
    ['[a:1', '[a:1', ''],
  ])('splits %s', (text, host, port) => {
    expect(splitHostPort(text)).toEqual({ host, port });
  });
});

describe('isRegistryHost', () => {
  it.each(['a', 'a.b', 'a:1', '[::1]:5000', '1.2.3.4', 'A.b'])('knows %s', (host) => {
    expect(isRegistryHost(host)).toBe(true);
  });

  it.each(['', 'a b', 'a/b', 'a@b', 'a:', 'a:99999', '..', '.', 'a?b', 'a#b', 'a\0', '-a', 'a..b'])(
    'refuses %j',
    (host) => {
      expect(isRegistryHost(host)).toBe(false);
    },
  );
});
