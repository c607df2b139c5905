import { familiarString, formatPlatform, onlyPlatform, parseNormalizedNamed } from '@stowage/types';
import type { Platform, ProgressOutput } from '@stowage/types';
import type { PullResult } from './pull-result.ts';

/**
 * Says, as docker does, that an image which stands alone is for another platform than was asked for: it is taken all
 * the same.
 *
 * @param wanted what was asked for, if anything was
 */
export function warnOfPlatform(
  { reference, platform, artifactType }: PullResult,
  wanted: Platform | undefined,
  output: ProgressOutput,
): void {
  if (wanted === undefined || artifactType !== undefined || onlyPlatform(wanted).match(platform)) return;
  const subject = familiarString(parseNormalizedNamed(reference));
  const message =
    `WARNING: image with reference ${subject} was found but does not match the specified platform: ` +
    `wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(platform)}`;
  output({ id: '', message });
}
