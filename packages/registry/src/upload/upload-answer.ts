import { StowageError } from '@stowage/types';
import type { Digest } from '@stowage/types';
import type { WireHeaders } from '../platform/wire-fetch.ts';

/** The sizes of chunks that a registry asks for. */
export interface ChunkLimits {
  /** The fewest bytes of a chunk but the last. */
  readonly minChunkSize?: number;
  /** The most bytes of one request: no part of the specification, but some registries say it. */
  readonly maxChunkSize?: number;
}

/**
 * How many bytes a registry has of an upload, by the `Range` of its answer (distribution-spec, "Pushing a blob in
 * chunks"); `undefined` where it does not say.
 *
 * @param single what `0-0` stands for: one byte, or none, for which there is no range
 */
export function uploadedBytes(headers: WireHeaders, single: 0 | 1): number | undefined {
  const [, last] = /^\s*(?:bytes[= ]\s*)?0-(\d{1,15})\s*$/.exec(headers.get('range') ?? '') ?? [];
  if (last === undefined) return undefined;
  return Number(last) === 0 ? single : Number(last) + 1;
}

/** What the answer to the beginning of an upload says of the sizes of chunks; nothing of what is malformed. */
export function chunkLimits(headers: WireHeaders): ChunkLimits {
  const min = count(headers.get('oci-chunk-min-length'));
  const max = count(headers.get('oci-chunk-max-length'));
  return {
    ...(min === undefined ? {} : { minChunkSize: min }),
    ...(max === undefined ? {} : { maxChunkSize: max }),
  };
}

/**
 * Checks the digest that a registry names for what it stored, where it names one of the same algorithm.
 *
 * @throws `DIGEST_MISMATCH`
 */
export function checkNamedDigest(named: string | null, digest: Digest): void {
  const algorithm = digest.slice(0, digest.indexOf(':') + 1);
  if (named === null || named === digest || !named.startsWith(algorithm)) return;
  throw new StowageError('DIGEST_MISMATCH', `registry stored ${named} in place of ${digest}`);
}

/** A positive count; one that is beyond counting is the largest that is not. */
function count(text: string | null): number | undefined {
  if (text === null || !/^\d+$/.test(text) || /^0+$/.test(text)) return undefined;
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}
