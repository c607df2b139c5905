import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { NOBODY } from '../../../packages/layer-store/src/test-support/layers.ts';
import { layer } from './hostile-image.ts';
import { WaysIn } from './ways-in.ts';
import { MEDIA_TYPES } from '@stowage/types';

const MIB = 1 << 20;

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
    // Members of 16 MiB of zeros in 16 KiB: a stream of any length, made in no time.
    const member = gzipSync(Buffer.alloc(16 * MIB));
    const used = await growth(async (sample) => {
      const scan = await store.scan({ mediaType: MEDIA_TYPES.ociLayerGzip, digest: NOBODY, size: 1 });
      await scan.write(gzipSync(layer({ name: 'a', text: 'a' })));
      for (let n = 0; n < 48; n += 1) {
        await scan.write(member);
        sample();
      }
      const { diffSize } = await scan.end();
      expect(diffSize).toBeGreaterThan(768 * MIB);
    });
    expect(used).toBeLessThan(128 * MIB);
  });
});
