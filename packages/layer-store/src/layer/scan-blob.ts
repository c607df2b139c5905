import { iterate } from '@stowage/core';
import type { ContentReader, Descriptor, RegisterBlobOptions, ScannedLayer } from '@stowage/types';
import { beginScan } from './layer-scan.ts';
import type { ScanInit } from './layer-scan.ts';

/** Reads a whole blob and tells what there is to know of the layer in it, its seek index with it. */
export async function scanBlob(
  content: Pick<ContentReader, 'open'>,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  scans: ScanInit,
  options: Pick<RegisterBlobOptions, 'signal' | 'onProgress'> = {},
): Promise<ScannedLayer> {
  const { signal, onProgress } = options;
  const blob = await content.open(descriptor.digest, { signal });
  const scan = await beginScan(scans, descriptor.size);
  let read = 0;
  try {
    for await (const bytes of iterate(blob, { signal })) {
      await scan.write(bytes, { signal });
      read += bytes.length;
      onProgress?.(read);
    }
    const scanned = await scan.end();
    return { ...scanned, seekIndex: await scan.seekIndex(descriptor) };
  } finally {
    await scan.cancel();
  }
}
