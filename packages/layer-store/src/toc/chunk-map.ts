import type { Digest } from '@stowage/types';
import { invalidToc } from './toc-error.ts';

/** A part of a file, as it is stored in a layer. */
export interface Chunk {
  /** Where in the file it begins. */
  readonly at: number;
  /** Uncompressed bytes. */
  readonly size: number;
  /** Where the gzip member or zstd frame that has it begins in the blob. */
  readonly start: number;
  /** Where that ends at the latest. */
  readonly end: number;
  /** How many uncompressed bytes of the member come before the chunk. */
  readonly inner: number;
  /** Of the uncompressed bytes; `undefined` where the table has none. */
  readonly digest: Digest | undefined;
  /** Whether all of it is zeros, so that it need not be read. */
  readonly zeros: boolean;
}

/** A file of a layer, as far as its content goes. */
export interface ChunkedFile {
  /** The address of its first byte, in ascending order from file to file. */
  readonly address: number;
  readonly size: number;
  /** In the order of the file, without gaps. */
  readonly chunks: readonly Chunk[];
}

/** A chunk whose end is still to be found. */
export type OpenChunk = Omit<Chunk, 'end'> & {
  /** 0 where the table does not tell it. */
  end: number;
};

/**
 * Finds where chunks end: where the next one begins, if the table does not say it. `INVALID_ARCHIVE` for chunks outside of
 * the blob's data, and for those that overlap.
 *
 * @param dataEnd where in the blob the table of contents begins
 */
export function placeChunks(chunks: readonly OpenChunk[], dataEnd: number): void {
  const sorted = [...chunks].sort((a, b) => a.start - b.start || a.inner - b.inner);
  let next = dataEnd;
  let end = dataEnd;
  let after: OpenChunk | undefined;
  for (const chunk of sorted.reverse()) {
    if (after?.start === chunk.start) {
      if (chunk.inner + chunk.size > after.inner) throw invalidToc('chunks that overlap');
      chunk.end = Math.max(chunk.end, end);
    } else {
      next = after?.start ?? dataEnd;
      if (chunk.end === 0) chunk.end = next;
    }
    if (chunk.end <= chunk.start || chunk.end > next) throw invalidToc('chunks that overlap');
    end = chunk.end;
    after = chunk;
  }
}

/** The file that has the byte at an address; `undefined` where there is none. */
export function fileAt(files: readonly ChunkedFile[], address: number): ChunkedFile | undefined {
  let low = 0;
  let high = files.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((files[middle] as ChunkedFile).address <= address) low = middle + 1;
    else high = middle;
  }
  const file = files[low - 1];
  return file !== undefined && address <= file.address + file.size ? file : undefined;
}
