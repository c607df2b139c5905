import { scanTar } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, LayerTarReader } from '@stowage/types';
import type { PlannedFile } from './extract-plan.ts';
import { FileWriter } from './file-writer.ts';
import type { FileWriterInit } from './file-writer.ts';

/** What {@link writeLayer} takes beside the layer and its files. */
export interface WriteLayerOptions extends AbortOptions, FileWriterInit {
  /** Told how many bytes of content came in. */
  onBytes(count: number): void;
}

/**
 * Writes the files of one layer in one pass over its tar, which is verified. More of it is inflated while files are written.
 *
 * @param files by where their content begins in the tar
 * @throws `DATA_LOSS` for a layer that has changed in its store; what the system throws
 */
export async function writeLayer(
  layer: LayerTarReader,
  files: ReadonlyMap<number, PlannedFile>,
  options: WriteLayerOptions,
): Promise<void> {
  const writer = new FileWriter(options);
  let left = files.size;
  let wanted = false;
  const scanner = scanTar({
    onEntry: (header) => {
      const file = header.type === 'file' ? files.get(header.offset) : undefined;
      wanted = file !== undefined;
      if (file === undefined) return;
      left--;
      writer.begin(file);
    },
    onContent: (bytes) => {
      if (!wanted) return;
      writer.content(bytes);
      options.onBytes(bytes.length);
    },
    // The limits that the store was opened with held when the layer's entries were read.
    limits: UNLIMITED,
  });
  try {
    const take = async (bytes: Bytes): Promise<void> => {
      scanner.write(bytes);
      await writer.drain();
    };
    await layer.tarTo(take, { signal: options.signal });
    scanner.end();
  } finally {
    await writer.end();
  }
  if (left > 0) {
    throw new StowageError(
      'DATA_LOSS',
      `layer ${layer.diffId} has not the files that it had when it was listed`,
    );
  }
}

const UNLIMITED = {
  maxEntries: Infinity,
  maxExtensionBytes: Infinity,
  maxNameLength: Infinity,
  maxSparseSegments: Infinity,
  maxTotalText: Infinity,
} as const;
