import { MEDIA_TYPES } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { annotateImage } from './annotate-image.ts';
import { appendLayer } from './append-layer.ts';
import { changeConfig } from './change-config.ts';
import { convertImage } from './convert-image.ts';
import type { EditableImage } from './editable-image.ts';
import { rebaseImage } from './rebase-image.ts';
import { squashHistoryTimes } from './squash-history-times.ts';
import { imageOf, layerOf, SCRATCH } from '../test-support/sample-images.ts';

const FOREIGN = 'application/vnd.oci.image.layer.nondistributable.v1.tar';

function digitsOf({ config, layers }: EditableImage): string {
  const [diffIds, blobs] = [config.rootfs.diff_ids, layers.map(({ digest }) => digest)];
  expect(blobs).toEqual(diffIds);
  return diffIds.map((diffId) => diffId.at(-1)).join('');
}

function storyOf({ config }: EditableImage): string[] {
  return (config.history ?? []).map((step) => step.created_by ?? '');
}

const code = (name: string, message?: string): unknown =>
  expect.objectContaining({ code: name, ...(message === undefined ? {} : { message }) });

describe('appendLayer', () => {
  it('adds blob, DiffID and history', () => {
    const created = '2024-01-02T03:04:05Z';
    const image = appendLayer(SCRATCH, layerOf('1'), {
      created,
      createdBy: 'COPY . .',
      author: 'me',
      comment: 'c',
    });
    expect(image).toMatchObject({
      config: {
        created,
        rootfs: { type: 'layers', diff_ids: [layerOf('1').diffId] },
        history: [{ created, created_by: 'COPY . .', author: 'me', comment: 'c' }],
      },
      layers: [layerOf('1').descriptor],
    });
    expect(digitsOf(appendLayer(image, layerOf('2')))).toBe('12');
    expect(SCRATCH.layers).toEqual([]);
  });

  it('gives layers without a history an entry, so that its own belongs to its layer', () => {
    const silent = {
      ...imageOf('12'),
      config: { ...imageOf('12').config, history: [{ empty_layer: true }] },
    };
    expect(appendLayer(silent, layerOf('3'), { createdBy: 'third' }).config.history).toEqual([
      { empty_layer: true },
      {},
      {},
      { created_by: 'third' },
    ]);
  });

  it('no longer has the bytes that were stored', () => {
    const image = appendLayer(
      { ...SCRATCH, rawConfig: new Uint8Array(1), rawManifest: new Uint8Array(1) },
      layerOf('1'),
    );
    expect([image.rawConfig, image.rawManifest]).toEqual([undefined, undefined]);
  });

  it('refuses what is no layer, and malformed times', () => {
    const config = layerOf('1', MEDIA_TYPES.ociConfig);
    expect(() => appendLayer(SCRATCH, config)).toThrow(
      code('UNSUPPORTED', `unsupported media type ${MEDIA_TYPES.ociConfig}`),
    );
    const zstd = layerOf('1', MEDIA_TYPES.ociLayerZstd);
    expect(() => appendLayer({ ...SCRATCH, format: 'docker' }, zstd)).toThrow(
      code('UNSUPPORTED', "docker's manifests have no type for layers with compression zstd"),
    );
    expect(() => appendLayer(SCRATCH, layerOf('1'), { created: 'yesterday' })).toThrow(
      code('INVALID_ARGUMENT'),
    );
    const many = { ...SCRATCH, config: { ...SCRATCH.config, history: [{}] } };
    expect(() => appendLayer(many, layerOf('1'))).toThrow(
      code('INVALID_ARGUMENT', 'too many non-empty layers in History section'),
    );
  });
});

describe('changeConfig', () => {
  it('changes what the image says, with or without a step in the history', () => {
    const image = imageOf('1');
    const change = (old: EditableImage['config']): EditableImage['config'] => ({ ...old, author: 'me' });
    expect(changeConfig(image, change).config).toEqual({ ...image.config, author: 'me' });
    const told = changeConfig(image, change, { created: '2024-01-02T03:04:05Z', createdBy: 'MAINTAINER me' });
    expect(told.config).toMatchObject({ author: 'me', created: '2024-01-02T03:04:05Z' });
    expect(told.config.history?.at(-1)).toEqual({
      created: '2024-01-02T03:04:05Z',
      created_by: 'MAINTAINER me',
      empty_layer: true,
    });
    expect(changeConfig(image, change, {}).config).not.toHaveProperty('created');
    expect(told.layers).toEqual(image.layers);
  });

  it('refuses other layers, more history than layers, and malformed times', () => {
    for (const other of ['', '2', '12', '11']) {
      expect(() => changeConfig(imageOf('1'), () => imageOf(other).config)).toThrow(
        code('INVALID_ARGUMENT', 'a change of the configuration cannot change the layers'),
      );
    }
    expect(() => changeConfig(SCRATCH, (old) => ({ ...old, history: [{}] }))).toThrow(
      code('INVALID_ARGUMENT', 'too many non-empty layers in History section'),
    );
    expect(() => changeConfig(SCRATCH, (old) => old, { created: '1' })).toThrow(code('INVALID_ARGUMENT'));
  });
});

describe('squashHistoryTimes', () => {
  it('gives the image and every step one time', () => {
    const image = changeConfig(imageOf('12'), (old) => ({ ...old, created: '2020-01-01T00:00:00Z' }), {
      created: '2021-01-01T00:00:00Z',
    });
    const squashed = squashHistoryTimes(image, '1970-01-01T01:00:00.500+01:00');
    expect(squashed.config.created).toBe('1970-01-01T01:00:00.5+01:00');
    expect(squashed.config.history?.map(({ created }) => created)).toEqual(
      Array.from({ length: 3 }, () => '1970-01-01T01:00:00.5+01:00'),
    );
    expect(storyOf(squashed)).toEqual(['layer 1', 'layer 2', '']);
    expect(squashHistoryTimes(SCRATCH, '1970-01-01T00:00:00Z').config).not.toHaveProperty('history');
    expect(() => squashHistoryTimes(image, '')).toThrow(code('INVALID_ARGUMENT'));
  });
});

describe('annotateImage', () => {
  it('sets and removes, and keeps the configuration', () => {
    const raw = new Uint8Array(1);
    const image = annotateImage({ ...imageOf('1'), rawConfig: raw, rawManifest: raw }, { a: '1', b: '2' });
    expect(image).toMatchObject({ annotations: { a: '1', b: '2' }, rawConfig: raw, rawManifest: undefined });
    expect(annotateImage(image, { a: undefined, c: '' }).annotations).toEqual({ b: '2', c: '' });
    expect(annotateImage(image, { a: undefined, b: undefined }).annotations).toBeUndefined();
    const hostile = annotateImage(image, JSON.parse('{"__proto__":"x"}') as Record<string, string>);
    expect(Object.hasOwn(hostile.annotations ?? {}, '__proto__')).toBe(true);
  });

  it("has no place in docker's format", () => {
    expect(() => annotateImage(convertImage(SCRATCH, 'docker'), { a: '1' })).toThrow(
      code('UNSUPPORTED', "docker's manifests have no annotations: convert the image to OCI first"),
    );
  });
});

describe('rebaseImage', () => {
  const [old, next] = [imageOf('12'), imageOf('345')];

  it('replaces layers and history of the base', () => {
    const built = changeConfig(
      imageOf(
        '67',
        changeConfig(old, (config) => config, { createdBy: 'ENV a=b' }),
      ),
      (config) => ({ ...config, config: { Env: ['a=b'] } }),
      { createdBy: 'CMD x' },
    );
    const rebased = rebaseImage(
      built,
      old,
      changeConfig(next, (config) => ({ ...config, config: { User: 'x' } })),
    );
    expect(digitsOf(rebased)).toBe('34567');
    expect(storyOf(rebased)).toEqual([
      ...['layer 3', 'layer 4', 'layer 5'],
      ...['ENV a=b', 'layer 6', 'layer 7', 'CMD x'],
    ]);
    expect(rebased.config.config).toEqual({ Env: ['a=b'] });
  });

  it('goes by the layers where the histories are told differently, or not at all', () => {
    const built = imageOf('67', old);
    const silent = { ...old, config: { ...old.config, history: [] } };
    for (const base of [silent, squashHistoryTimes(old, '1970-01-01T00:00:00Z')]) {
      expect(storyOf(rebaseImage(built, base, next)).slice(3)).toEqual(['layer 6', 'layer 7']);
    }
    const untold = { ...built, config: { ...built.config, history: [] } };
    expect(storyOf(rebaseImage(untold, old, next))).toEqual(['layer 3', 'layer 4', 'layer 5', '', '']);
  });

  it('has no history where nothing is left to tell', () => {
    expect(rebaseImage(SCRATCH, SCRATCH, SCRATCH).config).toEqual(SCRATCH.config);
    expect(rebaseImage(old, old, SCRATCH).config).toEqual(SCRATCH.config);
  });

  it("takes the version of the new base's operating system, and its own types", () => {
    const version = (value: string | undefined, features?: string[]) => (config: EditableImage['config']) => {
      const { 'os.version': _, ...rest } = config;
      return {
        ...rest,
        ...(value === undefined ? {} : { 'os.version': value }),
        ...(features === undefined ? {} : { 'os.features': features }),
      };
    };
    const built = imageOf('6', convertImage(changeConfig(old, version('10.0.1', ['a'])), 'docker'));
    const updated = rebaseImage(built, old, changeConfig(next, version('10.0.2', ['b'])));
    expect(updated.config).toMatchObject({ 'os.version': '10.0.2', 'os.features': ['b'] });
    expect(new Set(updated.layers.map(({ mediaType }) => mediaType))).toEqual(
      new Set([MEDIA_TYPES.dockerLayerGzip]),
    );
    const plain = rebaseImage(built, old, next).config;
    expect([plain['os.version'], plain['os.features']]).toEqual([undefined, undefined]);
  });

  it('refuses another base and another platform', () => {
    for (const [base, at] of [
      ['2', 0],
      ['13', 1],
      ['123', 2],
    ] as const) {
      expect(() => rebaseImage(old, imageOf(base), next)).toThrow(
        code('INVALID_ARGUMENT', `the image is not built on that base: its layer ${at} is another`),
      );
    }
    const arm = changeConfig(next, (config) => ({ ...config, architecture: 'arm64' }));
    expect(() => rebaseImage(old, old, arm)).toThrow(
      code('PLATFORM_MISMATCH', 'the image has architecture "amd64", the new base "arm64"'),
    );
  });
});

describe('convertImage', () => {
  it.each([
    [MEDIA_TYPES.ociLayer, MEDIA_TYPES.dockerLayer],
    [MEDIA_TYPES.ociLayerGzip, MEDIA_TYPES.dockerLayerGzip],
    [`${FOREIGN}+gzip`, MEDIA_TYPES.dockerForeignLayerGzip],
  ])('%s is %s in docker', (oci, docker) => {
    const image = appendLayer(SCRATCH, layerOf('1', docker));
    expect(image.layers[0]?.mediaType).toBe(oci);
    const converted = convertImage(image, 'docker');
    expect(converted.layers[0]?.mediaType).toBe(docker);
    expect(convertImage(converted, 'oci').layers).toEqual(image.layers);
  });

  it.each([
    [MEDIA_TYPES.ociLayerZstd, 'layers with compression zstd'],
    [FOREIGN, 'foreign layers with compression none'],
    [`${FOREIGN}+zstd`, 'foreign layers with compression zstd'],
  ])('%s has no counterpart in docker', (mediaType, what) => {
    expect(() => convertImage(appendLayer(SCRATCH, layerOf('1', mediaType)), 'docker')).toThrow(
      code('UNSUPPORTED', `docker's manifests have no type for ${what}`),
    );
  });

  it('keeps the configuration, and leaves out what docker has no place for', () => {
    const rawConfig = new Uint8Array([1]);
    const image = { ...annotateImage(imageOf('1'), { a: 'b' }), artifactType: 'x/y', rawConfig };
    const subject = layerOf('2').descriptor;
    const docker = convertImage({ ...image, subject }, 'docker');
    expect(docker).toMatchObject({ format: 'docker', rawConfig });
    for (const name of ['annotations', 'subject', 'artifactType']) expect(docker).not.toHaveProperty(name);
    expect(convertImage(image, 'oci')).toBe(image);
  });
});
