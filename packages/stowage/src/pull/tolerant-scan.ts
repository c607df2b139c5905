import type { Bytes, Descriptor, LayerScanner, ScannedLayer } from '@stowage/types';

/** A scan that gives up in silence. */
export interface TolerantScan {
  write(bytes: Bytes): Promise<void>;
  end(): Promise<ScannedLayer | undefined>;
  cancel(): Promise<void>;
}

const NO_SCAN: TolerantScan = {
  write: () => Promise.resolve(),
  end: () => Promise.resolve(undefined),
  cancel: () => Promise.resolve(),
};

/**
 * Begins a scan of bytes that nobody has verified yet. What a scan finds wrong may be the fault of the wire, which the
 * blob's digest will tell; so a scan that fails ends without a result, and a blob that is whole is read again when it
 * is registered, where the same fault is then the layer's own and is reported.
 *
 * @param scanner what scans; without it there is nothing to find
 * @param descriptor the layer
 */
export async function beginScan(
  scanner: LayerScanner | undefined,
  descriptor: Descriptor,
): Promise<TolerantScan> {
  if (scanner === undefined) return NO_SCAN;
  const scan = await scanner.scan(descriptor);
  let failed = false;
  const tolerate = async <T>(step: () => Promise<T>): Promise<T | undefined> => {
    if (failed) return undefined;
    try {
      return await step();
    } catch {
      failed = true;
      await scan.cancel();
      return undefined;
    }
  };
  return {
    write: (bytes) => tolerate(() => scan.write(bytes)),
    end: () => tolerate(() => scan.end()),
    cancel: () => scan.cancel(),
  };
}
