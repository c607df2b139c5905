import { createCompressor } from '@stowage/core';
import type { GzipOptions } from '@stowage/core';

/** What {@link gzipSample} has to be in every runtime, by level. Other bytes are a change that users must be told of. */
export const GZIP_DIGESTS: Readonly<Record<string, string>> = {
  1: 'sha256:5afe695fa3327e4ff1fa59d4b1296cf5f1c9265ef3e1a701a614ae2d9a6c9f06',
  6: 'sha256:76f1051f2a93ee1f0c688fba6b8f687df4c0746d6e189fa0d95e4289956a9ad8',
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
