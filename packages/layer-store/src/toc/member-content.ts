import { createDecompressor } from '@stowage/core';
import type { Bytes } from '@stowage/types';

/** How members of a layer are compressed, and how much of one is decompressed at a time: 16 MiB of output at most. */
const SLICES: Readonly<Record<MemberFormat, number>> = { gzip: 16 * 1024, zstd: 512 };

/** What a member is compressed with. */
export type MemberFormat = 'gzip' | 'zstd';

/**
 * The uncompressed bytes of a member, as they are asked for; whoever leaves early leaves the rest compressed.
 * `INVALID_ARCHIVE` where it cannot be decompressed.
 */
export async function* memberContent(
  compressed: AsyncIterable<Bytes>,
  format: MemberFormat,
): AsyncGenerator<Bytes, void, undefined> {
  let output: Bytes[] = [];
  const drained = (): Bytes[] => {
    const pieces = output;
    output = [];
    return pieces;
  };
  const decompressor = createDecompressor({ format, onOutput: (bytes) => output.push(bytes.slice()) });
  try {
    for await (const bytes of compressed) {
      for (let at = 0; at < bytes.length; at += SLICES[format]) {
        await decompressor.write(bytes.subarray(at, at + SLICES[format]));
        yield* drained();
      }
    }
    await decompressor.end();
    yield* drained();
  } finally {
    await decompressor.cancel();
  }
}
