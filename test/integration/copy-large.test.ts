import { expect, it } from 'vitest';
import { MIB } from './support/large-bytes.ts';
import { copyLarge } from './support/large-copy.ts';

it('a copy of 1 GiB passes through a heap of 64 MiB, with less than 128 MiB of memory and no file', async () => {
  const size = 1024 * MIB;
  const { sentBytes, taken, expected, heap, grown } = await copyLarge(size);
  expect(sentBytes).toBe(size + '{}'.length);
  expect(taken).toEqual(expected);
  expect(heap).toBeGreaterThan(0);
  expect(heap).toBeLessThan(96 * MIB);
  // What Node takes before it begins differs from version to version.
  expect(grown).toBeLessThan(128 * MIB);
});
