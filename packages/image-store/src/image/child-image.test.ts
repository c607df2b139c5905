import { hostPlatform } from '@stowage/core';
import { encodeImageConfig, parseImageConfig } from '@stowage/types';
import type { DiffID, ImageConfig } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createChildImage, createHistory } from './child-image.ts';
import { diffIdOf } from '../test-support/fake-layer-store.ts';

const A = diffIdOf('a');
const B = diffIdOf('b');
const EMPTY = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef' as DiffID;
const CREATED = '2024-05-06T07:08:09.12Z';

const PARENT: ImageConfig = {
  created: '2020-01-01T00:00:00Z',
  author: 'the parent',
  architecture: 'arm64',
  variant: 'v8',
  os: 'windows',
  'os.version': '10.0.17763.1577',
  'os.features': ['win32k'],
  config: { Env: ['A=1'] },
  comment: 'of the parent',
  docker_version: '1.2.3',
  rootfs: { type: 'layers', diff_ids: [A] },
  history: [{ created_by: 'first' }],
};

describe('createHistory', () => {
  it('leaves out what is empty', () => {
    expect(createHistory({})).toEqual({});
    expect(
      createHistory({ created: CREATED, author: '', comment: '', createdBy: '', emptyLayer: false }),
    ).toEqual({
      created: CREATED,
    });
    expect(
      createHistory({ created: CREATED, author: 'a', comment: 'c', createdBy: 'b', emptyLayer: true }),
    ).toEqual({
      created: CREATED,
      author: 'a',
      created_by: 'b',
      comment: 'c',
      empty_layer: true,
    });
  });
});

describe('createChildImage', () => {
  it('puts a layer and a step on top', () => {
    const child = createChildImage(PARENT, {
      created: CREATED,
      diffId: B,
      containerConfig: { Cmd: ['/bin/sh', '-c', 'make  all'], Hostname: 'builder' },
      config: { Cmd: ['run'] },
      containerId: 'c0ffee',
      author: 'the child',
      comment: 'built',
      dockerVersion: '20.10.27',
    });
    expect(child).toEqual({
      created: CREATED,
      author: 'the child',
      architecture: 'arm64',
      variant: 'v8',
      os: 'windows',
      'os.version': '10.0.17763.1577',
      'os.features': ['win32k'],
      config: { Cmd: ['run'] },
      container: 'c0ffee',
      container_config: { Cmd: ['/bin/sh', '-c', 'make  all'], Hostname: 'builder' },
      docker_version: '20.10.27',
      rootfs: { type: 'layers', diff_ids: [A, B] },
      history: [
        { created_by: 'first' },
        { created: CREATED, author: 'the child', created_by: '/bin/sh -c make  all', comment: 'built' },
      ],
    });
    expect(parseImageConfig(encodeImageConfig(child)).rootfs).toEqual(child.rootfs);
    expect(PARENT.rootfs.diff_ids).toEqual([A]);
    expect(PARENT.history).toHaveLength(1);
  });

  it.each([
    ['no layer', undefined],
    ['the empty tar', EMPTY],
  ])('makes no layer of %s', (_, diffId) => {
    const child = createChildImage(PARENT, { created: CREATED, diffId, containerConfig: {}, os: 'linux' });
    expect(child.rootfs).toEqual(PARENT.rootfs);
    expect(child.history?.at(-1)).toEqual({ created: CREATED, empty_layer: true });
    expect(child.os).toBe('linux');
    expect(child).not.toHaveProperty('author');
    expect(child).not.toHaveProperty('comment');
    expect(child).not.toHaveProperty('docker_version');
  });

  it('begins with nothing, on the processor of this machine', () => {
    const child = createChildImage(
      { architecture: '', rootfs: { type: 'layers', diff_ids: [] } },
      { created: CREATED, diffId: A, containerConfig: {} },
    );
    expect(child).toEqual({
      created: CREATED,
      architecture: hostPlatform().architecture,
      container_config: {},
      rootfs: { type: 'layers', diff_ids: [A] },
      history: [{ created: CREATED }],
    });
  });
});
