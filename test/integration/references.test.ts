import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chainId, createTarWriter, digestBytes, streamOf } from '@stowage/core';
import {
  annotateImage,
  appendLayer,
  changeConfig,
  convertImage,
  openReferenceStore,
  readEditableImage,
  recompressLayers,
  squashHistoryTimes,
  writeEditableImage,
} from '@stowage/image-store';
import { createRegistryServer, toFetch } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { openFileStorage } from '@stowage/storage/node';
import { formatReference, parseNormalizedNamed } from '@stowage/types';
import type { Descriptor, ImageID, Reference } from '@stowage/types';
import { openStowage } from 'stowage';
import type { Stowage } from 'stowage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildChildScript, exitOf } from '../support/child-script.ts';
import { buildImage, pushImage } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import { runCommand } from './support/run-command.ts';

// The names and images of a store, as other tools list and read them, and what other tools write, as the store keeps it.

const ONE = buildImage([[{ name: 'base', content: 'the base' }], [{ name: 'one', content: '1' }]]);
const TWO = buildImage([[{ name: 'base', content: 'the base' }], [{ name: 'two', content: '2' }]]);

let folder: string;
let root: string;
let stowage: Stowage;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-references-'));
  root = join(folder, 'store');
  const fetch = toFetch(createRegistryServer({ storage: createMemoryStorage() }));
  await pushImage(fetch, 'http://localhost', 'team/app', 'v1', ONE);
  await pushImage(fetch, 'http://localhost', 'team/app', 'v2', TWO);
  stowage = await openStowage({ root, fetch });
  for (const tag of ['v1', 'v2'])
    await stowage.pull(`localhost/team/app:${tag}`, { platform: 'linux/amd64' });
  await stowage.tag('localhost/team/app:v1', 'busybox');
  await stowage.tag('localhost/team/app:v2', 'example.com:5000/deep/er/app_x:1.0-rc_1');
});

afterEach(async () => {
  await stowage.close();
  await rm(folder, { recursive: true });
});

const GIVEN: readonly (readonly [string, BuiltImage])[] = [
  ['docker.io/library/busybox:latest', ONE],
  ['example.com:5000/deep/er/app_x:1.0-rc_1', TWO],
  ['localhost/team/app:v1', ONE],
  ['localhost/team/app:v2', TWO],
  [`localhost/team/app@${ONE.descriptor.digest}`, ONE],
  [`localhost/team/app@${TWO.descriptor.digest}`, TWO],
];
/** Every name of the store and what it names, sorted. */
const NAMES = [...GIVEN].sort(([a], [b]) => (a < b ? -1 : 1));

async function ourNames(): Promise<string[]> {
  return (await stowage.references.all()).map(({ reference }) => formatReference(reference));
}

async function targetOf(name: string): Promise<Descriptor> {
  const found = await stowage.references.find(parseNormalizedNamed(name));
  if (found === undefined) throw new Error(`no ${name}`);
  return found.target;
}

function skopeo(...args: readonly string[]): Promise<string> {
  return runCommand('skopeo', args);
}

async function skopeoConfig(name: string): Promise<unknown> {
  return JSON.parse(await skopeo('inspect', '--config', `oci:${root}:${name}`));
}

/** The names of a layout, as umoci lists them. */
async function umociNames(layout: string): Promise<string[]> {
  return (await runCommand('umoci', ['ls', '--layout', layout]))
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

describe('what the store writes', () => {
  it('is listed by umoci', async () => {
    expect(await ourNames()).toEqual(NAMES.map(([name]) => name));
    expect(await umociNames(root)).toEqual(NAMES.map(([name]) => name));
  });

  it.each(NAMES)('is read by skopeo and umoci as %s', async (name, image) => {
    const raw = await skopeo('inspect', '--raw', `oci:${root}:${name}`);
    expect(raw).toBe(new TextDecoder().decode(image.manifest));
    const { Digest: digest } = JSON.parse(await skopeo('inspect', `oci:${root}:${name}`)) as {
      Digest: string;
    };
    expect(digest).toBe(image.descriptor.digest);
    expect(await skopeoConfig(name)).toMatchObject(
      JSON.parse(new TextDecoder().decode(image.config.bytes)) as object,
    );
    const stat = JSON.parse(await runCommand('umoci', ['stat', '--image', `${root}:${name}`, '--json'])) as {
      history: { layer: { digest: string } }[];
    };
    expect(stat.history.map(({ layer }) => layer.digest)).toEqual(
      image.layers.map(({ descriptor }) => descriptor.digest),
    );
  });

  it('goes with a name that is taken away', async () => {
    await stowage.remove('busybox');
    expect(await umociNames(root)).toEqual(NAMES.map(([name]) => name).slice(1));
  });
});

describe('what other tools write', () => {
  it('is kept, and so is what is ours', async () => {
    const other = join(folder, 'other');
    await skopeo('copy', `oci:${root}:docker.io/library/busybox:latest`, `oci:${other}:x`);
    await skopeo('copy', `oci:${other}:x`, `oci:${root}:from-skopeo`);
    await runCommand('umoci', ['new', '--image', `${root}:from-umoci`]);
    expect(await ourNames()).toEqual(NAMES.map(([name]) => name));
    await stowage.tag('busybox', 'later:1');
    await stowage.remove('busybox');
    const names = [
      ...NAMES.map(([name]) => name).slice(1),
      'docker.io/library/later:1',
      'from-skopeo',
      'from-umoci',
    ];
    expect(await umociNames(root)).toEqual(names.sort());
    await stowage.gc();
    expect(await skopeo('inspect', '--raw', `oci:${root}:from-skopeo`)).toBe(
      new TextDecoder().decode(ONE.manifest),
    );
    await runCommand('umoci', ['stat', '--image', `${root}:from-umoci`, '--json']);
    const index = await readFile(join(root, 'index.json'), 'utf8');
    expect(index).toContain('"org.opencontainers.image.ref.name":"from-umoci"');
  });

  it('takes away what it takes away', async () => {
    await runCommand('umoci', ['rm', '--image', `${root}:localhost/team/app:v2`]);
    expect(await stowage.references.find(parseNormalizedNamed('localhost/team/app:v2'))).toBeUndefined();
    expect(await ourNames()).toHaveLength(NAMES.length - 1);
  });
});

describe('an edited image', () => {
  /** Puts a layer and a command on top of an image, names it, and answers its manifest. */
  async function edit(
    source: string,
    target: Reference,
  ): Promise<{ imageId: ImageID; manifest: Descriptor }> {
    const { content, layers, imageStore, references } = stowage;
    const image = await readEditableImage(await targetOf(source), content);
    const writer = createTarWriter();
    const parts = writer.entry({ name: 'added' }, new TextEncoder().encode('by hand'));
    const top = await layers.register(
      streamOf(...parts, writer.end()),
      chainId(image.config.rootfs.diff_ids),
    );
    const changed = changeConfig(
      appendLayer(image, top, { createdBy: 'add' }),
      (old) => ({ ...old, config: { ...old.config, Cmd: ['/added'] } }),
      { createdBy: 'CMD ["/added"]' },
    );
    const squashed = squashHistoryTimes(annotateImage(changed, { made: 'here' }), '2024-01-01T00:00:00Z');
    const written = await writeEditableImage(squashed, content);
    await imageStore.create(await content.read(written.imageId, { maxBytes: 100_000 }));
    await references.addTag(target, written.imageId, false, { target: written.manifest });
    await layers.release(top);
    return written;
  }

  it('is read by skopeo and umoci, with all that was changed', async () => {
    const { imageId, manifest } = await edit('busybox', parseNormalizedNamed('edited:1'));
    const name = 'docker.io/library/edited:1';
    const inspected = JSON.parse(await skopeo('inspect', '--raw', `oci:${root}:${name}`)) as object;
    expect(inspected).toMatchObject({ annotations: { made: 'here' }, config: { digest: imageId } });
    expect(await skopeoConfig(name)).toMatchObject({
      created: '2024-01-01T00:00:00Z',
      config: { Cmd: ['/added'], Env: ['PATH=/bin'] },
      history: [
        { created_by: 'layer 0', created: '2024-01-01T00:00:00Z' },
        { created_by: 'layer 1', created: '2024-01-01T00:00:00Z' },
        { created_by: 'add', created: '2024-01-01T00:00:00Z' },
        { created_by: 'CMD ["/added"]', created: '2024-01-01T00:00:00Z', empty_layer: true },
      ],
    });
    const bundle = join(folder, 'bundle');
    await runCommand('umoci', ['unpack', '--rootless', '--image', `${root}:${name}`, bundle]);
    expect(await readFile(join(bundle, 'rootfs', 'added'), 'utf8')).toBe('by hand');
    expect(await readFile(join(bundle, 'rootfs', 'one'), 'utf8')).toBe('1');
    await using view = await stowage.view('edited:1');
    expect(await new Response(await view.readFile('added')).text()).toBe('by hand');
    // The same steps give the same bytes.
    expect(await edit('busybox', parseNormalizedNamed('edited:2'))).toMatchObject({ imageId, manifest });
  });

  it('in docker format is what skopeo makes of it', async () => {
    const oci = await readEditableImage(await targetOf('busybox'), stowage.content);
    const { imageId, manifest } = await writeEditableImage(convertImage(oci, 'docker'), stowage.content);
    const ours = JSON.parse(
      new TextDecoder().decode(await stowage.content.read(manifest.digest, { maxBytes: 100_000 })),
    ) as unknown;
    const directory = join(folder, 'docker');
    const source = `oci:${root}:docker.io/library/busybox:latest`;
    await skopeo('copy', '--format', 'v2s2', source, `dir:${directory}`);
    expect(ours).toEqual(JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')));
    expect(imageId).toBe(ONE.config.descriptor.digest);
  });
});

describe('an image of which the layers are zstd now', () => {
  it('has layers that zstd reads, with the DiffIDs that they had, and skopeo takes it', async () => {
    const { content, references } = stowage;
    const before = await readEditableImage(await targetOf('busybox'), content);
    const image = await recompressLayers(before, content, 'zstd');
    const { imageId, manifest } = await writeEditableImage(image, content);
    expect(imageId).toBe(ONE.config.descriptor.digest);
    await references.addTag(parseNormalizedNamed('small:1'), imageId, false, { target: manifest });
    const diffIds: string[] = [];
    for (const [at, { mediaType, digest, size }] of image.layers.entries()) {
      expect(mediaType).toBe('application/vnd.oci.image.layer.v1.tar+zstd');
      const [packed, plain] = [join(folder, `${at}.tar.zst`), join(folder, `${at}.tar`)];
      await writeFile(packed, await content.read(digest, { maxBytes: size }));
      await runCommand('zstd', ['-q', '-d', packed, '-o', plain]);
      diffIds.push(await digestBytes(await readFile(plain)));
    }
    expect(diffIds).toEqual(ONE.layers.map(({ diffId }) => diffId));
    const directory = join(folder, 'plain');
    await skopeo('copy', '--dest-decompress', `oci:${root}:docker.io/library/small:1`, `dir:${directory}`);
    const copied = JSON.parse(await readFile(join(directory, 'manifest.json'), 'utf8')) as {
      layers: { digest: string }[];
    };
    expect(copied.layers.map(({ digest }) => digest)).toEqual(diffIds);
    expect((await recompressLayers(before, content, 'zstd')).layers).toEqual(image.layers);
  });
});

describe('several processes', () => {
  it('lose none of the names that they give at the same time', async () => {
    const script = await buildChildScript(new URL('support/references-child.ts', import.meta.url));
    try {
      const exits = ['a', 'b', 'c'].map((name) => exitOf(script.start(root, name, '12')));
      expect(await Promise.all(exits)).toEqual([0, 0, 0]);
    } finally {
      await script.remove();
    }
    const storage = await openFileStorage(root);
    const references = await openReferenceStore({ storage });
    for (const name of ['a', 'b', 'c']) {
      const tags = (await references.referencesByName(parseNormalizedNamed(name))).map(
        ({ reference }) => reference.tag,
      );
      expect(tags).toEqual(['0', '10', '2', '4', '6', '8']);
    }
    expect(await references.all()).toHaveLength(NAMES.length + 18);
    await storage.close();
  });
});
