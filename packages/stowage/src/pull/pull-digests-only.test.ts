import { collect, streamOf } from '@stowage/core';
import { MEDIA_TYPES } from '@stowage/types';
import type { DiffID } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import type { PullOptions, Stowage } from '../stowage.ts';
import { PushRegistry } from '../test-support/push-subject.ts';
import { AMD64, APP, open, putImage, soundStore, subject, told } from '../test-support/pull-subject.ts';

const DIGESTS: PullOptions = { digestsOnly: true };

async function registered(stowage: Stowage): Promise<number> {
  return (await stowage.layers.map()).size;
}

async function read(stowage: Stowage, path: string, image = APP): Promise<string> {
  await using view = await stowage.view(image);
  return new TextDecoder().decode(await collect(await view.readFile(path), { maxBytes: 100 }));
}

describe('a pull by digests only', () => {
  it('stores what the registry has, and inflates nothing until somebody looks', async () => {
    const { manifest, layers } = await putImage();
    await using stowage = await open();
    const { outcome } = await told(stowage, APP, DIGESTS);
    expect(outcome).toMatchObject({ status: 'downloaded', digest: manifest.digest });
    expect(await registered(stowage)).toBe(0);
    const size = layers.reduce((sum, layer) => sum + layer.size, 0);
    expect(await stowage.images()).toMatchObject([{ references: [APP], size, pending: true }]);
    await soundStore(stowage);
    await stowage.gc();
    expect(await registered(stowage)).toBe(0);

    expect(await read(stowage, 'top')).toBe('of v1 amd64');
    expect(await registered(stowage)).toBe(2);
    const [image] = await stowage.images();
    expect(image).not.toHaveProperty('pending');
    expect(image?.size).toBe((await stowage.inspect(APP)).size);
    await soundStore(stowage);
  });

  it('says what a pull of blobs says', async () => {
    const { manifest, layers } = await putImage();
    await using stowage = await open();
    const { lines } = await told(stowage, APP, DIGESTS);
    const id = layers[0]?.digest.slice(7, 19) ?? '';
    expect(lines.filter((line) => line.startsWith(id)).map((line) => line.slice(id.length + 2))).toEqual(
      expect.arrayContaining(['Pulling fs layer', 'Downloading', 'Download complete', 'Pull complete']),
    );
    expect(lines.some((line) => line.includes('Extracting'))).toBe(false);
    expect((await told(stowage, APP, DIGESTS)).lines).toEqual([
      'v1: Pulling from app',
      `: Digest: ${manifest.digest}`,
      `: Status: Image is up to date for ${APP}`,
    ]);
  });

  it('adds up to a whole', async () => {
    const { layers } = await putImage();
    await using stowage = await open();
    const totals: (number | undefined)[] = [];
    await told(stowage, APP, { ...DIGESTS, onSnapshot: ({ total }) => totals.push(total) });
    expect(totals.at(-1)).toBe(layers.reduce((sum, { size }) => sum + size, 0));
  });

  it('is made whole by the next pull, which downloads nothing again', async () => {
    await putImage();
    await using stowage = await open();
    await told(stowage, APP, DIGESTS);
    subject.registry.requests.length = 0;
    expect((await told(stowage, APP)).outcome).toMatchObject({ status: 'up-to-date' });
    expect(await registered(stowage)).toBe(2);
    expect(subject.registry.requests.filter((line) => line.includes('/blobs/'))).toEqual([]);
    // And it stays so.
    await told(stowage, APP, DIGESTS);
    expect((await stowage.images())[0]).not.toHaveProperty('pending');
  });

  it('is registered by whatever else uses it', async () => {
    await putImage();
    await using stowage = await open();
    await told(stowage, APP, DIGESTS);
    const archive = await collect(stowage.save([APP]), { maxBytes: 1 << 20 });
    expect(await registered(stowage)).toBe(2);
    await using other = await open();
    const [loaded] = (await other.load(streamOf(archive))).images;
    expect(await read(other, 'base', loaded?.id)).toBe('of v1');
  });

  it('is pushed as it came', async () => {
    const { manifest } = await putImage();
    await using stowage = await open();
    await told(stowage, APP, DIGESTS);
    const target = new PushRegistry();
    await using pushing = await target.open({ storage: stowage.storage });
    await pushing.tag(APP, 'localhost/copy:v1');
    expect(await pushing.push('localhost/copy:v1')).toMatchObject({ digest: manifest.digest });
  });

  it('goes with its image, blobs and all', async () => {
    const { layers } = await putImage();
    await using stowage = await open();
    await told(stowage, APP, DIGESTS);
    await stowage.remove(APP);
    for (const { digest } of layers) {
      await expect(stowage.content.info(digest)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  it('tells at the first use that a layer is not what the configuration says', async () => {
    const { layers } = await putImage();
    const wrong = `sha256:${'0'.repeat(64)}` as DiffID;
    const rootfs = { type: 'layers', diff_ids: [layers[0]?.digest, wrong] };
    await putImage({ config: { ...AMD64, rootfs } });
    await using stowage = await open();
    await told(stowage, APP, DIGESTS);
    for (const attempt of ['first', 'second']) {
      await expect(stowage.view(APP), attempt).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    }
    // What was registered on the way is let go of.
    await stowage.gc();
    expect(await registered(stowage)).toBe(0);
    expect((await stowage.images())[0]).toHaveProperty('pending');
  });

  it('refuses a configuration of another number of layers at once', async () => {
    await putImage({ config: { ...AMD64, rootfs: { type: 'layers', diff_ids: [] } } });
    await using stowage = await open();
    expect((await told(stowage, APP, DIGESTS)).outcome).toMatchObject({
      code: 'INVALID_MANIFEST',
      message: `layers from manifest don't match image configuration`,
    });
    expect(await stowage.images()).toEqual([]);
  });

  it('is damaged when a blob is', async () => {
    const { layers } = await putImage();
    await using stowage = await open();
    await told(stowage, APP, DIGESTS);
    const digest = layers[1]?.digest ?? ('' as never);
    await stowage.content.delete(digest);
    const { problems } = await stowage.check();
    expect(problems.map(({ kind, fault }) => [kind, fault])).toContainEqual([
      'image',
      `${digest} is not in the store`,
    ]);
    await expect(stowage.view(APP)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    // Pulling again repairs it.
    await told(stowage, APP, DIGESTS);
    expect(await read(stowage, 'base')).toBe('of v1');
  });

  it('does not look at types that it has to look at later', async () => {
    await putImage({ layerType: MEDIA_TYPES.ociLayerGzip });
    await using stowage = await open();
    // The bytes are plain, whatever the media type says: that is found by magic number.
    await told(stowage, APP, DIGESTS);
    expect(await read(stowage, 'base')).toBe('of v1');
  });
});
