import { streamOf } from '@stowage/core';
import type { Bytes } from '@stowage/types';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { codeOf, gzip, join } from '../../../packages/layer-store/src/test-support/layers.ts';
import { layer } from './hostile-image.ts';
import { WaysIn } from './ways-in.ts';

const encoder = new TextEncoder();

describe('row 11 (CVE-2021-20291): a layer that makes the decompressor end early', () => {
  let zipped: Bytes;
  let ways: WaysIn;
  beforeAll(async () => {
    zipped = await gzip(layer({ name: 'a', text: 'a'.repeat(2000) }));
  });
  beforeEach(async () => {
    ways = await WaysIn.open();
  });

  it.each<[string, (zipped: Bytes) => Bytes]>([
    ['cut in its header', (good) => good.subarray(0, 5)],
    ['cut in its middle', (good) => good.subarray(0, good.length - 20)],
    ['cut in its trailer', (good) => good.subarray(0, good.length - 3)],
    ['with a tail of text', (good) => join([good, encoder.encode('garbage')])],
    [
      'with a member that is none',
      (good) => join([good, good.subarray(0, 12), encoder.encode('x'.repeat(99))]),
    ],
    ['with a wrong sum', (good) => join([good.subarray(0, -8), new Uint8Array(8).fill(1)])],
  ])('fails when it is %s, and frees the lock, the ingest and the parent', async (_what, spoil) => {
    const { store } = ways;
    const bytes = spoil(zipped);
    const base = await store.register(streamOf(layer({ name: 'base' })));
    for (const pieces of [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte))]) {
      expect(await codeOf(store.register(streamOf(...pieces), base.chainId))).toBe('INVALID_ARCHIVE');
    }
    await ways.expectClean(1);
    const next = await store.register(streamOf(zipped), base.chainId);
    expect((await store.release(next)).length).toBe(1);
    expect((await store.release(base)).length).toBe(1);
  });

  it('fails when its source does, and frees the same', async () => {
    const { store } = ways;
    const base = await store.register(streamOf(layer({ name: 'base' })));
    const reason = new Error('connection reset');
    let pulled = 0;
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled++;
        if (pulled === 1) controller.enqueue(zipped.subarray(0, 20));
        else controller.error(reason);
      },
    });
    await expect(store.register(broken, base.chainId)).rejects.toBe(reason);
    await ways.expectClean(1);
    expect((await store.release(base)).length).toBe(1);
  });
});

describe('row 3 (CVE-2014-9357): a layer in a format that others have a helper program unpack', () => {
  it.each<[string, readonly number[]]>([
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
    ['bzip2', [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]],
  ])('is refused: %s', async (name, magic) => {
    const ways = await WaysIn.open();
    const bytes = join([Uint8Array.from(magic), new Uint8Array(2000)]);
    await expect(ways.store.register(streamOf(bytes))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(name) as string,
    });
    await ways.expectClean();
  });
});

describe('row 5 (CVE-2017-14992): a layer that inflates to many times its size', () => {
  it('is given up at the limit on the ratio', async () => {
    const ways = await WaysIn.open({ maxRatio: 100 });
    // The ratio is looked at after the first MiB.
    expect(await codeOf(ways.store.register(streamOf(await gzip(new Uint8Array(4 << 20)))))).toBe(
      'LIMIT_EXCEEDED',
    );
    await ways.expectClean();
  });
});
