import { formatBytes, formatGoDuration } from '@stowage/types';
import type { ProgressSnapshot } from '@stowage/types';

/**
 * A line that tells where work on many layers stands as a whole, as far as it is known:
 * `Total: 12MB/40MB, 4MB/s, 7s left`. `undefined` while no byte is here and once all are.
 */
export function wholeLine({ done, total, rate, eta }: ProgressSnapshot): string | undefined {
  if (done === 0 || done === total) return undefined;
  const parts = [total === undefined ? formatBytes(done) : `${formatBytes(done)}/${formatBytes(total)}`];
  if (rate > 0) parts.push(`${formatBytes(rate)}/s`);
  if (eta !== undefined) parts.push(`${formatGoDuration(Math.ceil(eta) * 1000)} left`);
  return `Total: ${parts.join(', ')}`;
}
