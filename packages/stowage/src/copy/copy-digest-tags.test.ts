import { beforeEach, describe, expect, it } from 'vitest';
import { createTwoRegistries } from '../test-support/two-registries.ts';
import type { TwoRegistries } from '../test-support/two-registries.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const TARGET = 'target.test/copy:v1';
let two: TwoRegistries;

beforeEach(async () => {
  two = await createTwoRegistries();
});

/** An index with a signature, whose image has an SBOM, both under tags of cosign's. */
async function pushSigned() {
  const image = await two.source.push('app:amd64', [{ a: 'a' }], AMD64);
  const index = await two.source.pushIndex('app:v1', [{ ...image, platform: AMD64 }]);
  const tagOf = (digest: string, ending: string): string => `${digest.replace(':', '-')}${ending}`;
  const tags = [tagOf(index.digest, '.sig'), tagOf(image.digest, '.sbom')] as const;
  const [signature, sbom] = [
    await two.source.push(`app:${tags[0]}`, [{ signature: 'of the index' }]),
    await two.source.push(`app:${tags[1]}`, [{ sbom: 'of the image' }]),
  ];
  return { image, index, signature, sbom, tags };
}

const writes = (): string[] => two.requests.filter((line) => /^(?:POST|PUT|PATCH)/.test(line));

describe('what cosign keeps under tags', () => {
  it('comes along with referrers, before the tag of the copy', async () => {
    const { image, index, signature, sbom, tags } = await pushSigned();
    const result = await two.stowage.copy('source.test/app:v1', TARGET, { referrers: true });
    expect(result.manifests).toMatchObject([
      { digest: image.digest },
      { digest: index.digest },
      { digest: sbom.digest, status: 'sent', subject: image.digest },
      { digest: signature.digest, status: 'sent', subject: index.digest },
    ]);
    for (const tag of tags) expect((await two.ask(`copy/manifests/${tag}`)).status).toBe(200);
    expect(writes().at(-1)).toBe('PUT /v2/copy/manifests/v1');
  });

  it('is not sent again, unless it has changed', async () => {
    const { tags, signature } = await pushSigned();
    await two.stowage.copy('source.test/app:v1', TARGET, { referrers: true });
    two.requests.length = 0;
    const again = await two.stowage.copy('source.test/app:v1', TARGET, { referrers: true });
    expect([writes(), again.sentBytes]).toEqual([[], 0]);
    expect(new Set(again.manifests.map(({ status }) => status))).toEqual(new Set(['existing']));
    const other = await two.source.push(`app:${tags[0]}`, [{ signature: 'another' }]);
    expect(other.digest).not.toBe(signature.digest);
    const third = await two.stowage.copy('source.test/app:v1', TARGET, { referrers: true });
    expect(third.manifests.filter(({ status }) => status === 'sent')).toMatchObject([
      { digest: other.digest },
    ]);
    const named = await two.ask(`copy/manifests/${tags[0]}`);
    expect(named.headers.get('docker-content-digest')).toBe(other.digest);
  });

  it('stays where it is without', async () => {
    const { tags } = await pushSigned();
    await two.stowage.copy('source.test/app:v1', TARGET);
    expect(two.source.requests.filter((line) => line.includes(tags[0]) && line.startsWith('GET'))).toEqual(
      [],
    );
    expect((await two.ask(`copy/manifests/${tags[0]}`)).status).toBe(404);
  });

  it('counts among the manifests of a copy', async () => {
    await pushSigned();
    const copy = two.stowage.copy('source.test/app:v1', TARGET, { referrers: true, maxManifests: 3 });
    await expect(copy).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
