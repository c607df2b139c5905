import type { DecompressorInit } from '../decompress/decompress-options.ts';
import { createDecompressor } from '../decompress/decompressor.ts';
import { join } from './bytes.ts';

/**
 * Decompresses what is written in the given pieces.
 *
 * @param chunks overwritten once each has been taken: a decompressor must not look at them any more
 */
export async function decompressAll(
  chunks: readonly Uint8Array[],
  options: Omit<DecompressorInit, 'onOutput'> = {},
): Promise<Uint8Array> {
  const output: Uint8Array[] = [];
  const decompressor = createDecompressor({ ...options, onOutput: (bytes) => output.push(bytes.slice()) });
  for (const chunk of chunks) {
    await decompressor.write(chunk);
    chunk.fill(0xff);
  }
  await decompressor.end();
  return join(...output);
}
