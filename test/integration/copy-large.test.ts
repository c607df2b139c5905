import { expect, it } from 'vitest';
import { MIB } from './support/large-bytes.ts';
import { copyLarge } from './support/large-copy.ts';

// `npm run bench:copy` does the same with 1 GiB.
it('a copy that is larger than the memory passes through: 256 MiB with a heap of 64 MiB', async () => {
  const size = 256 * MIB;
  const { sentBytes, taken, expected, heap, grown } = await copyLarge(size);
  expect(sentBytes).toBe(size + '{}'.length);
  expect(taken).toEqual(expected);
  expect(heap).toBeGreaterThan(0);
  expect(heap).toBeLessThan(96 * MIB);
  expect(grown).toBeLessThan(128 * MIB);
});
