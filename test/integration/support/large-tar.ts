import { createTarWriter } from '@stowage/core';
import type { Bytes } from '@stowage/types';
import { noise } from '../../support/noise.ts';

const SIZE = 32 << 20;

/** The content of `etc/last`, the last file of {@link largeTar}. */
export const LAST: Bytes = noise(4096);

/** A tar of 32 MiB at least, of files in `usr/lib` that compress as those of a layer do, and `etc/last` at its end. */
export function largeTar(): Bytes {
  const tar = createTarWriter();
  const random = noise(1 << 20);
  const parts: Bytes[] = [];
  for (let made = 0; made < SIZE; made += random.length) {
    // Half of each KiB is what nothing else has.
    const content = random.map((byte, at) => (at % 1024 < 512 ? byte ^ (made >> 20) : 32));
    parts.push(...tar.entry({ name: `usr/lib/${String(made)}` }, content));
  }
  parts.push(...tar.entry({ name: 'etc/last' }, LAST), tar.end());
  return new Uint8Array(Buffer.concat(parts));
}
