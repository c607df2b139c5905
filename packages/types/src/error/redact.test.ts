import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactText, redactUrl } from './redact.ts';

const DIGEST = `sha256:${'0a'.repeat(32)}`;

describe('redactUrl', () => {
  it.each([
    ['https://a:b@host.example:5000/x/y?sig=1#f', 'https://host.example:5000/x/y'],
    ['https://token@[::1]:443/v2/', 'https://[::1]/v2/'],
    ['not a url, secret', '(unparsable URL)'],
    ['', '(unparsable URL)'],
  ])('%s', (url, expected) => {
    expect(redactUrl(url)).toBe(expected);
  });
});

describe('redactText', () => {
  it.each([
    // user and password
    ['Get "https://alice:s3cret@r.example/v2/": EOF', 'Get "https://r.example/v2/": EOF'],
    ['https://token@r.example', 'https://r.example'],
    ['proxy socks5://u:p@proxy:1080 refused', 'proxy socks5://proxy:1080 refused'],
    ['https://a@b:c@host/x', 'https://host/x'],
    ['at //u:p@host/x', 'at //host/x'],
    ['HTTPS://u:p@Host/X', 'HTTPS://Host/X'],
    ['https:\\\\u:p@host\\x', 'https:\\\\host\\x'],
    ['https:u:p@host/x', 'https:host/x'],
    // queries and fragments
    [
      'https://bucket.example/layer?X-Amz-Credential=AKIA&X-Amz-Signature=abc failed',
      'https://bucket.example/layer failed',
    ],
    ['https://r.example/token#access_token=abc', 'https://r.example/token'],
    ['bad Location: /v2/a/blobs/uploads/?_state=abc', 'bad Location: /v2/a/blobs/uploads/'],
    ['https://host?sig=abc', 'https://host'],
    ['{"url":"https:\\/\\/u:p@h\\/x?sig=abc"}', '{"url":"https:\\/\\/h\\/x"}'],
    // IPv6 hosts
    ['dial http://u:p@[::1]:5000/v2/?a=b:', 'dial http://[::1]:5000/v2/:'],
    ['http://u:p@[2001:db8::1]', 'http://[2001:db8::1]'],
    // several URLs
    ['from https://u:p@a/x?s=1 to https://v:q@b/y?t=2', 'from https://a/x to https://b/y'],
    ['https://a/x?s=1,https://u:p@b/y', 'https://a/x'],
    ['https://cache.example/https://u:p@b/y', 'https://cache.example/https://b/y'],
    // sentences
    ['(see https://host/x?sig=abc).', '(see https://host/x).'],
    ["'https://host/x?sig=abc', again", "'https://host/x', again"],
    ['<https://u:p@host/x?sig=abc>; rel="next"', '<https://host/x>; rel="next"'],
    ['x?https://u:p@host', 'x'],
    // a password where no parser looks for one
    ['https://u:pa/ss@host/x failed', '(unparsable URL) failed'],
    ['https://us@er:pa/ss@host/x', '(unparsable URL)'],
    ['proxy=http://user:pa#ss@proxy:80, really', '(unparsable URL), really'.replace('(', 'proxy=(')],
    ['http://user:12?34@proxy:80', '(unparsable URL)'],
    ['https://u:p@host:port/x', '(unparsable URL)'],
    ['error:https://u:pa/ss@host', 'error:(unparsable URL)'],
    ['https://u:p@host:5000: refused', 'https://host:5000: refused'],
  ])('%s', (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  it.each([
    '',
    'manifest unknown: no such tag',
    'no basic auth credentials',
    "pull access denied for a/b, repository does not exist or may require 'docker login': denied: no",
    'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
    'More information at https://docs.docker.com/registry/spec/deprecated-schema-v1/',
    'server gave HTTP response to HTTPS client: http://',
    `docker.io/library/busybox:latest@${DIGEST}`,
    `https://r.example/v2/a/manifests/a@${DIGEST}, again`,
    `http:latest@${DIGEST}`,
    'a/b: what? no; issue #5',
    'mail to a@b.example',
    'errors:\ndenied: no\n',
  ])('leaves a text with nothing to hide: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });

  /** Text as it stands in URLs, with a mark in it that must not come through. */
  const MARK = 'S3CR3T';
  const secret = fc
    .tuple(fc.stringMatching(/^[a-z0-9%!$&*+=._~-]{0,8}$/), fc.stringMatching(/^[a-z0-9%!$&*+=._~-]{0,8}$/))
    .map(([before, after]) => before + MARK + after);
  const host = fc.constantFrom(
    'r.example',
    'r.example:5000',
    'localhost',
    '127.0.0.1:80',
    '[::1]',
    '[2001:db8::1]:443',
  );
  const path = fc.constantFrom('', '/', '/v2/a/blobs/uploads/x', '/v2/a%2Fb');
  const around = fc.constantFrom('', ' ', '"', ' (', ') ', '. ', ': ', ', ', '\n', '<', '>');
  const url = fc
    .record({
      scheme: fc.constantFrom('https://', 'http://', 'HTTP://', 'ftp://', 'socks5://', '//'),
      user: fc.option(
        fc.oneof(
          secret,
          secret.map((one) => `user:${one}`),
        ),
        { nil: undefined },
      ),
      host,
      path,
      query: fc.option(secret, { nil: undefined }),
      fragment: fc.option(secret, { nil: undefined }),
    })
    .map(
      (parts) =>
        parts.scheme +
        (parts.user === undefined ? '' : `${parts.user}@`) +
        parts.host +
        parts.path +
        (parts.query === undefined ? '' : `?token=${parts.query}`) +
        (parts.fragment === undefined ? '' : `#${parts.fragment}`),
    );

  it('never leaves a secret, and changes nothing more the second time', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(around, url, around), { maxLength: 4 }), (pieces) => {
        const text = pieces.flat().join('');
        const redacted = redactText(text);
        expect(redacted).not.toContain(MARK);
        expect(redactText(redacted)).toBe(redacted);
      }),
      { numRuns: 2000 },
    );
  });

  it('never leaves a password that a URL parser finds', () => {
    const piece = fc.constantFrom(
      'a',
      '1',
      '@',
      ':',
      '/',
      '?',
      '#',
      '\\',
      '[',
      ']',
      '%41',
      'https:',
      '//',
      'S3CR3T',
    );
    const start = fc.constantFrom('https://', 'https:', 'http:/', 'https:\\', 'ftp://', 'redis://');
    fc.assert(
      fc.property(start, fc.array(piece, { maxLength: 8 }), fc.array(piece, { maxLength: 4 }), (...parts) => {
        const [scheme, user, rest] = parts;
        const text = `${scheme}${user.join('')}@host${rest.join('')}`;
        const redacted = redactText(text);
        if (!URL.canParse(text)) {
          if (!rest.includes('S3CR3T')) expect(redacted).not.toContain('S3CR3T');
          return;
        }
        const { host: name, pathname } = new URL(text);
        // What stands in the host or the path is no secret to a parser.
        if (!/s3cr3t/i.test(name + pathname)) expect(redacted).not.toContain('S3CR3T');
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['slashes', '/'],
    ['letters', 'a'],
    ['schemes', 'https:'],
    ['authorities', '//a@'],
    ['URLs', 'https://u:p@h/'],
    ['questions', '?'],
    ['punctuation', 'x?a=:.'],
    ['at', '@:'],
  ])('takes time in proportion to the text: %s', (_what, piece) => {
    const count = 200_000;
    const begin = performance.now();
    redactText(`https://${piece.repeat(count)}`);
    redactText(`${piece.repeat(count)}://x@`);
    // Quadratic work would take minutes.
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});
