import { scanTar } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { AbortOptions, LayerTarReader } from '@stowage/types';
import type { PlannedFile } from './extract-plan.ts';
import { FileWriter } from './file-writer.ts';
import type { FileWriterInit } from './file-writer.ts';

/** What {@link writeLayer} takes beside the layer and its files. */
export interface WriteLayerOptions extends AbortOptions, FileWriterInit {
  /** Told how many bytes of content came in. */
  onBytes(count: number): void;
}

/**
 * Writes the files of one layer in one pass over its tar, which is verified. The next piece of it is inflated while files
 * are written.
 *
 * @param files by where their content begins in the tar
 * @throws `DATA_LOSS` for a layer that has changed in its store; what the system throws
 */
export async function writeLayer(
  layer: LayerTarReader,
  files: ReadonlyMap<number, PlannedFile>,
  options: WriteLayerOptions,
): Promise<void> {
  const { signal } = options;
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
  const reader = (await layer.tarStream({ signal })).getReader();
  try {
    for (let next = reader.read(); ;) {
      const { done, value } = await next;
      if (done) break;
      next = reader.read();
      // It is waited for below, where a failure counts; until then it is no failure that nobody handles.
      next.catch(ignore);
      scanner.write(value);
      await writer.settle();
      signal?.throwIfAborted();
    }
    scanner.end();
    await writer.finish();
  } finally {
    await reader.cancel().catch(ignore);
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

/** The error that matters is the one being thrown. */
function ignore(): void {
  // Nothing to do.
}
