import { parseSignedManifest } from '@stowage/types';
import { openStowage } from 'stowage';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildImage, pushImage } from '../support/image-builder.ts';
import { copyAsSchema1 } from './support/skopeo.ts';
import { useRegistries } from './support/use-registries.ts';

/** Of the kind that skopeo signs with. */
type EllipticKey = Readonly<Record<'kty' | 'crv' | 'x' | 'y', string>>;

const image = buildImage([[{ name: 'f', content: 'old' }]], { docker: true });

describe('a manifest of schema 1 that skopeo has signed', () => {
  const registries = useRegistries();
  let reference: string;
  let manifestUrl: string;

  beforeAll(async () => {
    const { host } = await registries.start({ schema1: true });
    await pushImage(fetch, `http://${host}`, 'team/old', 'v2', image);
    await copyAsSchema1(`${host}/team/old:v2`, `${host}/team/old:v1`);
    reference = `${host}/team/old:v1`;
    manifestUrl = `http://${host}/v2/team/old/manifests/v1`;
  });

  it('is pulled with its signature verified', async () => {
    await using stowage = await openStowage({ verifySchema1Signatures: true });
    await stowage.pull(reference);
    const { rootfs } = await stowage.inspect(reference);
    expect(rootfs.diff_ids).toEqual(image.layers.map(({ diffId }) => diffId));
  });

  it('is pulled by the key that it was signed with, and by no other', async () => {
    const accept = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
    const response = await fetch(manifestUrl, { headers: { accept } });
    const { raw } = parseSignedManifest(new Uint8Array(await response.arrayBuffer()));
    const { signatures } = JSON.parse(new TextDecoder().decode(raw)) as {
      readonly signatures: readonly [{ readonly header: { readonly jwk: EllipticKey } }];
    };
    const { jwk } = signatures[0].header;
    await using trusting = await openStowage({ verifySchema1Signatures: [jwk] });
    await trusting.pull(reference);
    const other = { ...jwk, x: jwk.y, y: jwk.x };
    await using distrusting = await openStowage({ verifySchema1Signatures: [other] });
    await expect(distrusting.pull(reference)).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
      message: 'the manifest is not signed by a trusted key',
    });
  });
});
