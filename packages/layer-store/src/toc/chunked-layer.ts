import { StowageError } from '@stowage/types';
import type { AbortOptions } from '@stowage/types';
import { fileAt } from './chunk-map.ts';
import { readChunks } from './chunk-reader.ts';
import type { ChunkSource } from './chunk-reader.ts';
import { FRAME_HEADER } from './footer.ts';
import { ListedLayer } from './listed-layer.ts';
import { readToc } from './read-toc.ts';
import { parseTocJson } from './toc-json.ts';
import type { FoundToc, ResolvedTocLimits, TocLayer, TocLayerInit } from './toc.ts';

// Loaded on demand, as a file of its own.

/** A layer with the table of contents of eStargz, stargz or zstd:chunked. */
export async function openChunkedLayer(
  { content, descriptor, diffId }: TocLayerInit,
  toc: FoundToc,
  limits: ResolvedTocLimits,
  options: AbortOptions,
): Promise<TocLayer> {
  const { kind, offset, checksum, tocDigest } = toc;
  const format = kind === 'estargz' ? 'gzip' : 'zstd';
  const source: ChunkSource = { content, descriptor, format };
  const json = await readToc(source, toc, limits, options);
  // The frame that has a table begins before it.
  const dataEnd = kind === 'estargz' ? offset : offset - FRAME_HEADER;
  const { entries, files, hasDigests } = parseTocJson(json, dataEnd, limits);
  return new ListedLayer({
    ...{ kind, diffId, descriptor, entries },
    verified: hasDigests && (checksum ?? tocDigest) !== undefined,
    read(address, length, readOptions) {
      const file = fileAt(files, address);
      const from = address - (file?.address ?? 0);
      if (file === undefined || from + length > file.size) {
        throw new StowageError('INVALID_ARGUMENT', `no such part of a file: ${length} bytes at ${address}`);
      }
      return readChunks(source, file, from, from + length, readOptions);
    },
  });
}
