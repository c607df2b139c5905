import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { registrableDomain } from './registrable-domain.ts';

describe('registrableDomain', () => {
  it.each([
    ['registry.example.com', 'example.com'],
    ['example.com', 'example.com'],
    ['a.b.c.example.com', 'example.com'],
    ['registry.gitlab.com.', 'gitlab.com'],
    ['registry.example.co.uk', 'example.co.uk'],
    ['registry.example.com.au', 'example.com.au'],
    ['registry.example.de', 'example.de'],
    ['registry.corp.internal', 'corp.internal'],
    ['ghcr.io', 'ghcr.io'],
  ])('%s is of %s', (hostname, domain) => {
    expect(registrableDomain(hostname)).toBe(domain);
  });

  it.each([
    ['a suffix', ['com', 'co.uk', 'com.', 'test']],
    ['endings that are not known', ['a.example.museum', 'a.example.tokyo.jp', 'registry.lan', 'a.b.c']],
    ['what countries keep for kinds of organisations', ['a.co.de', 'a.gouv.fr', 'a.com.io', 'a.gov.eu']],
    [
      'rented parts of clouds and platforms',
      ['a.azurecr.io', 'a.b.amazonaws.com', 'x.github.io', 'a.herokuapp.com'],
    ],
    [
      'registries by tenant',
      ['mine.jfrog.io', 'us-docker.pkg.dev', 'docker.cloudsmith.io', 'rg.fr-par.scw.cloud'],
    ],
    ['dynamic names', ['home.duckdns.org', 'x.ngrok.io', '10-0-0-1.nip.io']],
    ['addresses and nonsense', ['10.0.0.1', '[::1]', '', '.', '..com', 'a..com', 'localhost']],
  ])('cannot tell: %s', (_name, hostnames) => {
    for (const hostname of hostnames)
      expect([hostname, registrableDomain(hostname)]).toEqual([hostname, undefined]);
  });

  it('ends what it is the domain of, and is its own domain', () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
    const suffix = fc.constantFrom(
      'com',
      'io',
      'de',
      'co.uk',
      'github.io',
      'azurecr.io',
      'unknown',
      'gov.fr',
    );
    fc.assert(
      fc.property(fc.array(label, { maxLength: 4 }), suffix, (labels, end) => {
        const hostname = [...labels, end].join('.');
        const domain = registrableDomain(hostname);
        if (domain === undefined) return;
        expect(`.${hostname}`.endsWith(`.${domain}`)).toBe(true);
        expect(registrableDomain(domain)).toBe(domain);
        expect(domain.split('.').length).toBeGreaterThan(1);
      }),
    );
  });
});
