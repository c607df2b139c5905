import { collect, decompress, digestBytes, readTar, streamOf } from '@stowage/core';
import { parseDigest } from '@stowage/types';
import type { AbortOptions, Bytes, ByteStream, Digest } from '@stowage/types';
import { readPart } from './blob-range.ts';
import type { Blob } from './blob-range.ts';
import { checkPlace } from './footer.ts';
import { beyondLimit, invalidToc, wrongDigest } from './toc-error.ts';
import type { FoundToc, ResolvedTocLimits } from './toc.ts';

const TOC_NAME = 'stargz.index.json';
/** What a tar has around one file. */
const TAR_OVERHEAD = 1 << 20;

/**
 * Reads the JSON of a table of contents and verifies it against the digests that are known: one request. `DIGEST_MISMATCH`,
 * `INVALID_ARCHIVE`, `LIMIT_EXCEEDED`.
 */
export async function readToc(
  blob: Blob,
  toc: FoundToc,
  { maxTocBytes }: ResolvedTocLimits,
  options: AbortOptions,
): Promise<Bytes> {
  const { offset, size, plainSize = 0, checksum, tocDigest } = checkPlace(toc, blob.descriptor.size);
  if (size > maxTocBytes || plainSize > maxTocBytes) throw beyondLimit('bytes', maxTocBytes);
  const packed = await readPart(blob, offset, size, options);
  await verify(packed, checksum, 'the table of contents, compressed');
  const json =
    toc.kind === 'estargz' ? await untar(packed, maxTocBytes) : await unpack(packed, plainSize, maxTocBytes);
  await verify(json, tocDigest, 'the table of contents');
  return json;
}

/** `DIGEST_MISMATCH` for bytes that are not those of a digest. Without a digest all bytes are right. */
async function verify(bytes: Bytes, digest: Digest | undefined, what: string): Promise<void> {
  if (digest === undefined) return;
  const actual = await digestBytes(bytes, parseDigest(digest).algorithm);
  if (actual !== digest) throw wrongDigest(what, digest, actual);
}

async function unpack(packed: Bytes, plainSize: number, maxBytes: number): Promise<Bytes> {
  const most = plainSize > 0 ? plainSize : maxBytes;
  const stage = decompress({ format: 'zstd', maxBytes: most });
  const json = await collect(streamOf(packed).pipeThrough(stage), { maxBytes: most });
  if (plainSize > 0 && json.length !== plainSize) throw invalidToc('it is shorter than the layer says');
  return json;
}

/** The one file of the tar that eStargz has at the end of a layer. */
async function untar(packed: Bytes, maxBytes: number): Promise<Bytes> {
  const stage = decompress({ format: 'gzip', maxBytes: maxBytes + TAR_OVERHEAD });
  const tar = streamOf(packed).pipeThrough(stage) as ByteStream;
  const entries = tar.pipeThrough(readTar({ limits: { maxEntries: 1 } })).getReader();
  try {
    const { done, value } = await entries.read();
    if (done || value.header.name !== TOC_NAME) throw invalidToc(`there is no ${TOC_NAME}`);
    return await collect(value.body, { maxBytes });
  } finally {
    // Of one that has failed there is nothing left to free.
    await entries.cancel().catch(() => undefined);
  }
}
