import { gzipSync } from 'node:zlib';
import { streamOf } from '@stowage/core';
import { openImageView } from '@stowage/layer-store';
import { MEDIA_TYPES } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { block } from '../../../packages/core/src/test-support/raw-tar.ts';
import { NOBODY } from '../../../packages/layer-store/src/test-support/layers.ts';
import { layer } from './hostile-image.ts';
import { WaysIn } from './ways-in.ts';

const MIB = 1 << 20;

/** A member of 16 MiB of zeros in 16 KiB: many of them are a stream of any length, made in no time. */
const ZEROS = gzipSync(Buffer.alloc(16 * MIB));

/** How much more memory is in use after some work than before it, at its worst. */
async function growth(work: (sample: () => void) => Promise<unknown>): Promise<number> {
  const used = (): number => process.memoryUsage().rss;
  const before = used();
  let most = before;
  await work(() => {
    most = Math.max(most, used());
  });
  return Math.max(most, used()) - before;
}

describe('row 5 (CVE-2017-14992): a small layer that inflates without end', () => {
  it('takes no memory while it is read to its end, as padding behind the archive', async () => {
    const { store } = await WaysIn.open();
    const used = await growth(async (sample) => {
      const scan = await store.scan({ mediaType: MEDIA_TYPES.ociLayerGzip, digest: NOBODY, size: 1 });
      await scan.write(gzipSync(layer({ name: 'a', text: 'a' })));
      for (let n = 0; n < 48; n += 1) {
        await scan.write(ZEROS);
        sample();
      }
      const { diffSize } = await scan.end();
      expect(diffSize).toBeGreaterThan(768 * MIB);
    });
    expect(used).toBeLessThan(128 * MIB);
  });
  it('takes no memory while a view reads a file of it', async () => {
    const { store } = await WaysIn.open();
    const members = new Array<Uint8Array>(16).fill(ZEROS);
    const size = members.length * 16 * MIB;
    const blob = streamOf(gzipSync(block({ name: 'zeros', size })), ...members, gzipSync(layer()));
    const used = await growth(async (sample) => {
      const view = await openImageView([await store.register(blob)]);
      const reader = (await view.readFile('zeros')).getReader();
      let read = 0;
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        read += piece.value.length;
        sample();
      }
      expect(read).toBe(size);
    });
    expect(used).toBeLessThan(128 * MIB);
  });
});
