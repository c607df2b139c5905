import { isDigest } from '@stowage/types';
import type { AbortOptions, ContentReader, Descriptor, Digest } from '@stowage/types';
import { readPart } from './blob-range.ts';
import { FOOTER_BYTES, parseFooter, parsePosition } from './footer.ts';
import { invalidToc } from './toc-error.ts';
import type { FoundToc } from './toc.ts';

const STARGZ_DIGEST = 'containerd.io/snapshot/stargz/toc.digest';
/** What zstd:chunked annotations begin with: those of today, and those of before 2023. */
const CHUNKED = ['io.github.containers.zstd-chunked.', 'io.containers.zstd-chunked.'] as const;

/**
 * Looks for a table of contents in a layer: eStargz, stargz or zstd:chunked. The annotations of the descriptor tell where
 * it is for zstd:chunked; otherwise the last 72 bytes of the layer do, which is one range request. SOCI's tables are not
 * in the layer: they are referrers of the image's manifest.
 *
 * @param content has the layer: a store, or the `blobs` of a repository of a registry
 * @param descriptor the layer, with the annotations that its manifest has
 * @param options a signal
 * @returns where the table is, for `openTocLayer`; `undefined` where there is none
 * @throws `INVALID_ARCHIVE` for one that is not inside of the layer and for an annotation that is no digest, `NOT_FOUND`,
 *   `DATA_LOSS` where the layer is shorter than its descriptor says
 *
 * @example
 * ```ts
 * import { createTarWriter, streamOf } from '@stowage/core';
 * import { findToc, openLayerStore } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const storage = createMemoryStorage();
 * const layers = await openLayerStore({ storage });
 * const { descriptor } = await layers.register(streamOf(createTarWriter().end()));
 * console.log(await findToc(storage.content, descriptor)); // undefined
 * ```
 */
export async function findToc(
  content: Pick<ContentReader, 'open'>,
  descriptor: Descriptor,
  options: AbortOptions = {},
): Promise<FoundToc | undefined> {
  options.signal?.throwIfAborted();
  const { annotations = {}, size } = descriptor;
  const position = chunkedAnnotation(annotations, 'manifest-position');
  const tocDigest = digestOf(annotations[STARGZ_DIGEST]);
  const found =
    position === undefined ? await findFooter(content, descriptor, options) : parsePosition(position, size);
  if (found === undefined) return undefined;
  const checksum =
    found.kind === 'zstd-chunked' ? digestOf(chunkedAnnotation(annotations, 'manifest-checksum')) : undefined;
  return {
    ...found,
    ...(checksum === undefined ? {} : { checksum }),
    ...(tocDigest === undefined ? {} : { tocDigest }),
  };
}

async function findFooter(
  content: Pick<ContentReader, 'open'>,
  descriptor: Descriptor,
  options: AbortOptions,
): Promise<FoundToc | undefined> {
  const length = Math.min(FOOTER_BYTES, descriptor.size);
  if (length === 0) return undefined;
  const tail = await readPart({ content, descriptor }, descriptor.size - length, length, options);
  return parseFooter(tail, descriptor.size);
}

function chunkedAnnotation(annotations: Readonly<Record<string, string>>, name: string): string | undefined {
  for (const prefix of CHUNKED)
    if (annotations[prefix + name] !== undefined) return annotations[prefix + name];
  return undefined;
}

/** A digest that cannot be verified is not passed over: somebody meant it to be. */
function digestOf(annotation: string | undefined): Digest | undefined {
  if (annotation === undefined) return undefined;
  if (!isDigest(annotation)) {
    throw invalidToc(`its digest is ${JSON.stringify(annotation.slice(0, 100))}`);
  }
  return annotation;
}
