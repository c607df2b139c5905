import { describe, expect, it } from 'vitest';
import { proxyFor, proxyFromEnvironment } from './proxy.ts';

const PROXIES = { httpProxy: 'http://plain.example:3128', httpsProxy: 'http://secure.example:3128' };

describe('proxyFor', () => {
  it('goes by the scheme', () => {
    expect(proxyFor(new URL('http://a.example'), PROXIES)).toBe('http://plain.example:3128');
    expect(proxyFor(new URL('https://a.example'), PROXIES)).toBe('http://secure.example:3128');
    expect(proxyFor(new URL('https://a.example'), { httpProxy: 'http://plain.example' })).toBeUndefined();
    expect(proxyFor(new URL('https://a.example'), { httpsProxy: '' })).toBeUndefined();
  });

  it('takes a proxy without a scheme for one that speaks http', () => {
    expect(proxyFor(new URL('https://a.example'), { httpsProxy: 'proxy:8080' })).toBe('http://proxy:8080');
  });

  it('is none for this machine', () => {
    for (const url of ['http://localhost:5000', 'https://127.0.0.1', 'http://[::1]:5000']) {
      expect(proxyFor(new URL(url), PROXIES)).toBeUndefined();
    }
  });

  it.each<[string, string[], string[]]>([
    ['*', ['https://a.example', 'http://10.0.0.1'], []],
    ['example.com', ['https://example.com', 'https://a.b.example.com:8443'], ['https://badexample.com']],
    ['.example.com', ['https://a.example.com'], ['https://example.com', 'https://a.example.org']],
    ['*.example.com', ['https://a.example.com'], ['https://example.com']],
    ['EXAMPLE.com', ['https://example.com'], []],
    ['example.com:8443', ['https://example.com:8443', 'https://a.example.com:8443'], ['https://example.com']],
    ['example.com:443', ['https://example.com'], ['http://example.com', 'https://example.com:444']],
    ['example.com:80', ['http://example.com'], ['https://example.com']],
    ['10.0.0.0/8', ['http://10.1.2.3', 'https://10.0.0.1:5000'], ['http://11.0.0.1', 'https://ten.example']],
    ['10.1.2.3', ['http://10.1.2.3:5000'], ['http://10.1.2.4', 'http://10.1.2.3.example']],
    ['10.1.2.3:5000', ['http://10.1.2.3:5000'], ['http://10.1.2.3']],
    ['fd00::/8', ['http://[fd12::1]'], ['http://[fe80::1]']],
    ['2001:db8::1', ['https://[2001:db8:0::1]'], ['https://[2001:db8::2]']],
    ['[2001:db8::1]:5000', ['https://[2001:db8::1]:5000'], ['https://[2001:db8::1]']],
    ['a.example, ,b.example', ['https://a.example', 'https://b.example'], ['https://c.example']],
    ['', [], ['https://a.example']],
    ['a.example:x,b:c:d', [], ['https://a.example']],
  ])('is left out by %j', (noProxy, left, kept) => {
    const via = (url: string): boolean => proxyFor(new URL(url), { ...PROXIES, noProxy }) !== undefined;
    expect(left.filter(via)).toEqual([]);
    expect(kept.filter(via)).toEqual(kept);
  });
});

describe('proxyFromEnvironment', () => {
  it('reads the variables in either case, the upper one first', () => {
    expect(
      proxyFromEnvironment({
        HTTP_PROXY: 'a',
        http_proxy: 'b',
        https_proxy: 'c',
        NO_PROXY: '',
        no_proxy: 'd',
      }),
    ).toEqual({ httpProxy: 'a', httpsProxy: 'c', noProxy: 'd' });
    expect(proxyFromEnvironment({})).toEqual({});
  });

  it('does not take a header of a request to a CGI program for a variable', () => {
    expect(proxyFromEnvironment({ HTTP_PROXY: 'evil', REQUEST_METHOD: 'GET' }).httpProxy).toBeUndefined();
  });
});
