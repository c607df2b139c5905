import { afterEach, describe, expect, it, vi } from 'vitest';
import { explainInPage } from './page-failure.ts';

const PAGE = 'https://page.example';
const URL_A = new URL('https://registry.example/v2/');
const OPAQUE = new TypeError('Failed to fetch');

/** A page whose probes are answered in some modes and refused in others. */
function pageThatReaches(...modes: RequestMode[]): RequestInit[] {
  const probes: RequestInit[] = [];
  vi.stubGlobal('location', { origin: PAGE });
  vi.stubGlobal('fetch', (_url: string, init: RequestInit) => {
    probes.push(init);
    return modes.includes(init.mode ?? 'cors') ? Promise.resolve(new Response()) : Promise.reject(OPAQUE);
  });
  return probes;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

// In a real page `location` cannot be replaced: what it does there is tested apart.
describe('explainInPage', () => {
  it('tells a host that cannot be reached', async () => {
    pageThatReaches();
    expect(await explainInPage(OPAQUE, URL_A, {})).toBe(
      'registry.example cannot be reached, or its certificate is not trusted',
    );
  });

  it('tells a host that lets no page see it', async () => {
    pageThatReaches('no-cors');
    expect(await explainInPage(OPAQUE, URL_A, {})).toContain(
      `its answers need Access-Control-Allow-Origin: ${PAGE}`,
    );
  });

  it('tells which headers a host does not let through', async () => {
    const probes = pageThatReaches('no-cors', 'cors');
    const request = {
      headers: { Accept: 'x', Range: 'bytes=0-0', 'X-Meta-A': 'b' },
      authorization: 'Bearer t',
    };
    expect(await explainInPage(OPAQUE, URL_A, request)).toContain(
      'Access-Control-Allow-Headers: authorization, range, x-meta-a',
    );
    for (const { headers, credentials, method } of probes) {
      expect([headers, credentials, method]).toEqual([undefined, 'omit', 'HEAD']);
    }
  });

  it('blames a redirect where nothing else can be', async () => {
    pageThatReaches('no-cors', 'cors');
    expect(await explainInPage(OPAQUE, URL_A, { headers: { accept: 'x' } })).toContain('redirects to');
  });

  it('knows that a secure page loads nothing over http but from this machine', async () => {
    const probes = pageThatReaches();
    const error = await explainInPage(OPAQUE, new URL('http://registry.example/v2/'), {});
    expect([error, probes.length]).toEqual(['a page on https may not load anything over http', 0]);
    expect(await explainInPage(OPAQUE, new URL('http://localhost:5000/v2/'), {})).toContain('localhost:5000');
  });

  it('says nothing of other errors, of its own origin, after an abort, and where there is no page', async () => {
    const probes = pageThatReaches();
    expect(await explainInPage(new Error('x'), URL_A, {})).toBeUndefined();
    expect(await explainInPage(OPAQUE, new URL(`${PAGE}/v2/`), {})).toBeUndefined();
    expect(await explainInPage(OPAQUE, URL_A, { signal: AbortSignal.abort() })).toBeUndefined();
    vi.stubGlobal('location', undefined);
    expect(await explainInPage(OPAQUE, URL_A, {})).toBeUndefined();
    expect(probes).toEqual([]);
  });
});
