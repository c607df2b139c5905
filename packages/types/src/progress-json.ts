import { encodeGoJson } from './go-json.ts';
import { formatProgressBar } from './progress-bar.ts';
import type { Progress } from './progress.ts';

const decoder = new TextDecoder();

/**
 * Writes one step of progress as a line of docker's JSON stream, with its order of keys, ended by `\r\n`.
 *
 * @param progress the step
 * @param options `width` of the bar's terminal, in columns. Default 200, as where there is no terminal
 *
 * @example
 * ```ts
 * import { formatJsonProgress } from '@stowage/types';
 *
 * console.log(formatJsonProgress({ id: 'latest', message: 'Pulling from library/busybox' }).trim());
 * // {"status":"Pulling from library/busybox","id":"latest"}
 * ```
 */
export function formatJsonProgress(progress: Progress, options: { readonly width?: number } = {}): string {
  const { id, message, action, current, total, hideCounts, units, aux } = progress;
  const identity = id === '' ? {} : { id };
  if (message !== undefined && message !== '') return line({ status: message, ...identity });
  const detail = {
    ...(current ? { current } : {}),
    ...(total ? { total } : {}),
    ...(hideCounts ? { hidecounts: true } : {}),
    ...(units === undefined || units === '' ? {} : { units }),
  };
  const bar = formatProgressBar(progress, options.width ?? 200);
  return line({
    ...(action === undefined || action === '' ? {} : { status: action }),
    progressDetail: detail,
    ...(bar === '' ? {} : { progress: bar }),
    ...identity,
    ...(aux === undefined ? {} : { aux }),
  });
}

function line(value: object): string {
  return `${decoder.decode(encodeGoJson(value))}\r\n`;
}
