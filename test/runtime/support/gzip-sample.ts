import { createCompressor } from '@stowage/core';
import type { GzipOptions } from '@stowage/core';

/** What {@link gzipSample} has to be in every runtime, by level. Other bytes are a change that users must be told of. */
export const GZIP_DIGESTS: Readonly<Record<string, string>> = {
  1: 'sha256:44ead583ba1314367fff45c20246d5796ba557457e6fff5ae19c5fd0f4f6db7a',
  6: 'sha256:bc9a53c597f7d04dd35e1300c0bd025613064348892d897df6bfbd2320acf93d',
  9: 'sha256:2ad8931f47429ce5c29d584cc65afdf62ec54d632591670cd8c1c8d6a84963a9',
};

/** Lines of text, then numbers without order, then zeros: some segments and kinds of blocks. */
export function gzipInput(): Uint8Array {
  const bytes = new Uint8Array(1_200_000);
  const line = new TextEncoder().encode('usr/lib/stowage/layer ');
  let state = 1;
  for (let at = 0; at < 900_000; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const isText = at < 600_000 && state >>> 29 !== 0;
    bytes[at] = isText ? (line[at % line.length] ?? 0) : state >>> 24;
  }
  return bytes;
}

/** Compresses {@link gzipInput}. */
export async function gzipSample(options: GzipOptions): Promise<Uint8Array<ArrayBuffer>> {
  const parts: BlobPart[] = [];
  const onOutput = (bytes: Uint8Array): void => void parts.push(bytes.slice());
  const compressor = await createCompressor({ ...options, onOutput });
  await compressor.write(gzipInput());
  await compressor.end();
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
