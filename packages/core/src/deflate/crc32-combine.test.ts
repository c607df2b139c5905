import { expect, it } from 'vitest';
import { crc32 } from '../inflate/crc32.ts';
import { noise } from '../test-support/gzip-corpus.ts';
import { combineCrc32 } from './crc32-combine.ts';

it.each([0, 1, 7, 1000, 262_144])('joins the CRC of two runs, the second of %i bytes', (length) => {
  const bytes = noise(500 + length);
  const [first, second] = [bytes.subarray(0, 500), bytes.subarray(500)];
  expect(combineCrc32(crc32(first), crc32(second), length)).toBe(crc32(bytes));
});
