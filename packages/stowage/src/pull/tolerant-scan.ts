import type { Bytes, Descriptor, LayerScan, LayerScanner, ScannedLayer } from '@stowage/types';

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
 * It begins by itself, as a worker may have to start for it; whoever writes waits until it has.
 *
 * @param scanner what scans; without it there is nothing to find
 * @param descriptor the layer
 */
export function beginScan(scanner: LayerScanner | undefined, descriptor: Descriptor): TolerantScan {
  if (scanner === undefined) return NO_SCAN;
  let begun: LayerScan | undefined;
  let failed = false;
  const beginning = scanner.scan(descriptor).then(
    (scan) => {
      begun = scan;
    },
    () => {
      failed = true;
    },
  );
  const tolerate = async <T>(step: (scan: LayerScan) => Promise<T>): Promise<T | undefined> => {
    if (begun === undefined) await beginning;
    if (begun === undefined || failed) return undefined;
    try {
      return await step(begun);
    } catch {
      failed = true;
      await begun.cancel();
      return undefined;
    }
  };
  return {
    write: (bytes) => tolerate((scan) => scan.write(bytes)),
    end: () => tolerate((scan) => scan.end()),
    cancel: async () => {
      await beginning;
      await begun?.cancel();
    },
  };
}
