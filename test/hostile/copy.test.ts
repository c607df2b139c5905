import { digestBytes } from '@stowage/core';
import { encodeGoJson, MEDIA_TYPES } from '@stowage/types';
import type { Bytes, Descriptor, Fetch } from '@stowage/types';
import { openStowage } from 'stowage';
import { describe, expect, it } from 'vitest';

// A copy from a registry that means harm: what it lists and what it sends.

const TYPE = MEDIA_TYPES.ociIndex;

async function describeBytes(bytes: Bytes, mediaType = TYPE as string): Promise<Descriptor> {
  return { mediaType, digest: await digestBytes(bytes), size: bytes.byteLength };
}

const indexOf = (manifests: readonly Descriptor[], more: object = {}): Bytes =>
  encodeGoJson({ schemaVersion: 2, mediaType: TYPE, ...more, manifests });

/** Copies from a registry that serves these manifests by tag or digest, and answers whatever else it is told to. */
async function copyFrom(
  manifests: Readonly<Record<string, Bytes>>,
  more: (path: string) => Bytes | undefined = () => undefined,
  referrers = false,
) {
  const requests: string[] = [];
  const fetch: Fetch = (text, init) => {
    const { pathname, hostname } = new URL(text);
    const method = init?.method ?? 'GET';
    requests.push(`${method} ${hostname} ${pathname}`);
    if (pathname === '/v2/') return Promise.resolve(new Response('{}'));
    if (hostname === 'target.test') {
      return Promise.resolve(
        new Response(null, { status: method === 'PUT' ? 201 : 404, headers: { 'oci-subject': 'listed' } }),
      );
    }
    const name = pathname.split('/').at(-1) ?? '';
    const bytes = (pathname.includes('/manifests/') ? manifests[name] : undefined) ?? more(pathname);
    if (bytes === undefined) return Promise.resolve(new Response(null, { status: 404 }));
    const headers = { 'content-type': TYPE };
    return Promise.resolve(new Response(new Uint8Array(bytes), { headers }));
  };
  await using stowage = await openStowage({ fetch, random: () => 0 });
  const outcome: unknown = await stowage
    .copy('source.test/app:v1', 'target.test/app:v1', { referrers })
    .catch((error: unknown) => error);
  return { outcome, requests, puts: requests.filter((request) => request.startsWith('PUT')) };
}

describe('a copy from a hostile registry', () => {
  it('ends at an index that holds itself', async () => {
    // The digest of an index cannot be in it: the registry can only claim that it is.
    const claimed = await describeBytes(new Uint8Array(3));
    const bytes = indexOf([claimed]);
    const { outcome, requests, puts } = await copyFrom({ v1: bytes, [claimed.digest]: bytes });
    expect(outcome).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(puts).toEqual([]);
    expect(requests.length).toBeLessThan(20);
  });

  it('ends at an index with too many entries, and asks for none of those beyond', async () => {
    const entries = Array.from({ length: 5000 }, (_, at): Descriptor => {
      const digest = `sha256:${at.toString(16).padStart(64, '0')}` as Descriptor['digest'];
      return { mediaType: TYPE, digest, size: 10 };
    });
    const empty = indexOf([]);
    const manifests = Object.fromEntries(entries.map(({ digest }) => [digest, empty]));
    const { outcome, puts, requests } = await copyFrom({ ...manifests, v1: indexOf(entries) });
    expect(outcome).toMatchObject({ code: /^(LIMIT_EXCEEDED|DIGEST_MISMATCH)$/ });
    expect(puts).toEqual([]);
    expect(requests.length).toBeLessThan(50);
  });

  it('ends at more manifests than fit', async () => {
    const inner: [Descriptor, Bytes][] = [];
    for (let at = 0; at < 1001; at += 1) {
      const bytes = indexOf([], { annotations: { at: String(at) } });
      inner.push([await describeBytes(bytes), bytes]);
    }
    const manifests = Object.fromEntries(inner.map(([{ digest }, bytes]) => [digest, bytes]));
    const v1 = indexOf(inner.map(([descriptor]) => descriptor));
    const { outcome, puts } = await copyFrom({ ...manifests, v1 });
    expect(outcome).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(puts).toEqual([]);
  });

  it('is not led in a circle by referrers', async () => {
    const root = indexOf([]);
    const rootDescriptor = await describeBytes(root);
    const signature = indexOf([], { subject: rootDescriptor });
    const signed = await describeBytes(signature);
    // Each is listed as a referrer of the other, and of itself.
    const list = indexOf([rootDescriptor, signed]);
    const { outcome, puts } = await copyFrom(
      { v1: root, [rootDescriptor.digest]: root, [signed.digest]: signature },
      (path) => (path.includes('/referrers/') ? list : undefined),
      true,
    );
    expect(outcome).toMatchObject({
      manifests: [
        { digest: rootDescriptor.digest },
        { digest: signed.digest, subject: rootDescriptor.digest },
      ],
    });
    // Both by their digest, and the tag.
    expect(puts).toHaveLength(3);
    expect(puts.at(-1)).toBe('PUT target.test /v2/app/manifests/v1');
  });
});
