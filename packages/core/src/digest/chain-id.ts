import { asDigest, StowageError } from '@stowage/types';
import type { ChainID, Digest, DiffID } from '@stowage/types';
import { builtinModule } from '../platform/platform.ts';
import { createPlainSha256 } from './sha256.ts';

/**
 * The ChainID of a stack of layers (image-spec, "Layer ChainID"): the DiffID of a lone base, else the sha256 of
 * `"<ChainID of the layers beneath> <DiffID>"`, layer by layer. A known ChainID may stand first for the layers that it
 * names: `chainId([parent, diffId])` puts one layer on top of `parent`.
 *
 * @param diffIds the layers, base first
 * @throws `INVALID_ARGUMENT` when there are no layers
 *
 * @example
 * ```ts
 * import { chainId } from '@stowage/core';
 * import { asDigest } from '@stowage/types';
 * import type { DiffID } from '@stowage/types';
 *
 * const base = asDigest('sha256:' + 'a'.repeat(64)) as DiffID;
 * console.log(String(chainId([base])) === base); // true
 * console.log(chainId([base, base]).length); // 71
 * ```
 */
export function chainId(diffIds: readonly (ChainID | DiffID)[]): ChainID {
  const [base, ...above] = diffIds;
  if (base === undefined) throw new StowageError('INVALID_ARGUMENT', 'no layers: there is no ChainID');
  return above.reduce<Digest>((parent, diffId) => sha256Of(`${parent} ${diffId}`), base) as ChainID;
}

function sha256Of(text: string): Digest {
  const crypto = builtinModule('node:crypto');
  if (crypto !== undefined)
    return asDigest(`sha256:${crypto.createHash('sha256').update(text).digest('hex')}`);
  const hash = createPlainSha256();
  hash.update(new TextEncoder().encode(text));
  return asDigest(`sha256:${hash.digest()}`);
}
