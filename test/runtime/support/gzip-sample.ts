import { createCompressor } from '@stowage/core';
import type { GzipOptions } from '@stowage/core';

/** What {@link gzipSample} has to be in every runtime, by level. Other bytes are a change that users must be told of. */
export const GZIP_DIGESTS: Readonly<Record<string, string>> = {
  1: 'sha256:c77c329bdfa0f0e4c8de3bf0fc938c40b92c4b7b4d138d7e1a134ba6accc4cf6',
  6: 'sha256:a336671962dba479f783cf77c0a199bf298288ccf8d9c15099ffb5dd2c7956b3',
  9: 'sha256:799bc230988ee5de16ca88db58cc9cc7fabec1c75d78c354ba0e7edaa146b3b8',
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
