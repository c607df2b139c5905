import { StowageError } from '@stowage/types';
import type { OpenBlobOptions } from '@stowage/types';
import { readsAhead } from '#platform';
import { ParallelSource } from './blob-parallel.ts';
import { wantedLength } from './blob-part.ts';
import type { BlobPart, PartPlan } from './blob-part.ts';
import { requestBlob } from './blob-request.ts';
import { resumingSource } from './blob-resume.ts';
import { SerialSource } from './blob-serial.ts';
import type { ByteSource } from '../transport/byte-source.ts';
import type { ReaderDeps } from '../session/requester.ts';

const MIB = 1024 * 1024;
const DEFAULT_PART = 8 * MIB;
/** A part of less than this is not worth a request of its own. */
const SMALLEST_PART = MIB;
/** A smaller part is here before it is known what would be faster. */
const WORTH_SPREADING = 32 * MIB;
const MAX_CONNECTIONS = 32;

/**
 * Reads how many ranges to fetch at the same time, and of what size; `auto` where that is to be found out; `undefined`
 * for a blob that takes one request.
 *
 * @throws `INVALID_ARGUMENT` for numbers out of range
 */
export function planOf(options: OpenBlobOptions, part: BlobPart): PartPlan | 'auto' | undefined {
  const { connections = 1, partSize = DEFAULT_PART } = options;
  if (connections === 'auto') {
    const worthSpreading = (wantedLength(part) ?? 0) >= WORTH_SPREADING;
    return planOf({ ...options, connections: 1 }, part) ?? (worthSpreading ? 'auto' : undefined);
  }
  if (!Number.isInteger(connections) || connections < 1 || connections > MAX_CONNECTIONS) {
    throw new StowageError('INVALID_ARGUMENT', `connections must be from 1 to ${MAX_CONNECTIONS}`);
  }
  if (!Number.isSafeInteger(partSize) || partSize < 1) {
    throw new StowageError('INVALID_ARGUMENT', 'partSize must be a count of bytes');
  }
  const wanted = wantedLength(part) ?? Infinity;
  const inParts =
    connections > 1 || options.partSize !== undefined || (readsAhead && Number.isFinite(wanted));
  // No larger than it takes to keep every connection busy, and no smaller than is worth it.
  const fair = Math.max(Math.ceil(wanted / connections), SMALLEST_PART);
  const size = Math.min(partSize, fair);
  return inParts && wanted > size ? { connections, partSize: size } : undefined;
}

/**
 * A part of a blob, fetched as several ranges at the same time, or one after the other, and given in order. At most as
 * many ranges as there are connections are in memory, each of them resumed by itself. A registry that answers the first
 * with the whole blob sends that alone.
 */
export async function openInParts(
  url: string,
  part: BlobPart,
  plan: PartPlan,
  deps: ReaderDeps,
): Promise<ByteSource> {
  const { requester } = deps;
  const opened = await requestBlob({ requester, url, part, atMost: plan.partSize });
  if (!opened.ranged) return resumingSource(opened, url, part, deps);
  if (opened.size !== undefined) {
    const sized = { ...part, size: opened.size };
    return plan.connections === 1
      ? new SerialSource(opened, url, sized, plan.partSize, deps)
      : new ParallelSource(opened, url, sized, plan, deps);
  }
  // How long the blob is, the registry does not say: where the ranges end is not to be known.
  opened.source.cancel();
  return resumingSource(await requestBlob({ requester, url, part }), url, part, deps);
}
