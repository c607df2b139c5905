import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { guardedLookup } from './node-guard.ts';
import type { LookupAll } from './node-guard.ts';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'registry.example': ['93.184.216.34'],
  'registry.corp.example': ['10.0.0.5'],
  'registry.dev.example': ['127.0.0.1'],
  'cdn.example': ['93.184.216.35', '2001:db8::7'],
  'rebound.example': ['127.0.0.1'],
  'mixed.example': ['169.254.169.254', '93.184.216.36'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'meta.example': ['169.254.169.254'],
  'minio.corp.example': ['10.0.0.9'],
};

const lookup: LookupAll = (hostname, _options, callback) => {
  const addresses = NAMES[hostname];
  if (addresses === undefined) {
    callback(new Error(`ENOTFOUND ${hostname}`), []);
    return;
  }
  callback(
    null,
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  );
};

async function find(
  registry: string,
  hostname: string,
  { all = true, privateAllowed = false } = {},
): Promise<string[] | string> {
  const guarded = await guardedLookup(registry, { lookup, privateAllowed });
  return await new Promise((resolve) => {
    guarded(hostname, { all }, (error, found) => {
      if (error !== null) resolve(error.message);
      else if (typeof found === 'string') resolve(found);
      else resolve(found.map(({ address }: LookupAddress) => address));
    });
  });
}

describe('guardedLookup', () => {
  it.each<[string, string, string[]]>([
    ['registry.example', 'cdn.example', ['93.184.216.35', '2001:db8::7']],
    ['registry.example', 'mixed.example', ['93.184.216.36']],
    ['registry.corp.example', 'minio.corp.example', ['10.0.0.9']],
    ['registry.dev.example', 'rebound.example', ['127.0.0.1']],
  ])('%s may lead to %s', async (registry, hostname, addresses) => {
    expect(await find(registry, hostname)).toEqual(addresses);
    expect(await find(registry, hostname, { all: false })).toBe(addresses[0]);
  });

  it.each([
    ['registry.example', 'rebound.example'],
    ['registry.example', 'mapped.example'],
    ['registry.example', 'meta.example'],
    ['registry.example', 'minio.corp.example'],
    ['registry.corp.example', 'rebound.example'],
    ['registry.corp.example', 'meta.example'],
    ['unknown.example', 'rebound.example'],
  ])('%s may not lead to %s', async (registry, hostname) => {
    expect(await find(registry, hostname)).toContain(
      `${hostname} stands for an address that ${registry} may not lead to`,
    );
  });

  it('lets private addresses through where that is wished, and nothing that is nearer', async () => {
    const wish = { privateAllowed: true };
    expect(await find('registry.example', 'minio.corp.example', wish)).toEqual(['10.0.0.9']);
    expect(await find('registry.example', 'minio.corp.example')).toContain('allowPrivateRedirects');
    expect(await find('registry.example', 'rebound.example', wish)).toContain('may not lead to');
    expect(await find('registry.example', 'meta.example', wish)).not.toContain('allowPrivateRedirects');
  });

  it('passes on that a name is not known', async () => {
    expect(await find('registry.example', 'nowhere.example')).toBe('ENOTFOUND nowhere.example');
  });
});
