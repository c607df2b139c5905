import { formatJsonMessage } from './json-message.ts';
import type { JsonMessage } from './json-message.ts';
import { formatProgressBar } from './progress-bar.ts';
import type { Progress } from './progress.ts';
import { redactText } from '../error/redact.ts';

/** The width that docker assumes where there is no terminal. */
const DEFAULT_WIDTH = 200;
const NEW_LINE = '\r\n';

/** How progress becomes a line. */
export interface JsonProgressOptions {
  /** The width of the bar's terminal, in columns. Default 200, as where there is no terminal. */
  readonly width?: number | undefined;
  /** Whether a step that is the last of its `id` is followed by a line of its own, `{}`. Default `false`. */
  readonly newLines?: boolean | undefined;
}

/**
 * Writes one step of progress as a line of docker's JSON stream, with its order of keys, ended by `\r\n`. An `aux` that
 * is no JSON (a ring, a function) makes no line: the answer is empty, as moby writes nothing then.
 *
 * @param progress the step
 * @param options width and extra lines
 *
 * @example
 * ```ts
 * import { formatJsonProgress } from '@stowage/types';
 *
 * console.log(formatJsonProgress({ id: 'latest', message: 'Pulling from library/busybox' }).trim());
 * // {"status":"Pulling from library/busybox","id":"latest"}
 * ```
 */
export function formatJsonProgress(progress: Progress, options: JsonProgressOptions = {}): string {
  const last = options.newLines === true && progress.lastUpdate === true ? formatJsonStatus('') : '';
  return formatJsonMessage(toJsonMessage(progress, options)) + last;
}

/**
 * One step of progress as a message of docker's JSON stream, for a display that takes messages.
 *
 * @param progress the step
 * @param options `width` of the bar that stands in the message
 *
 * @example
 * ```ts
 * import { toJsonMessage } from '@stowage/types';
 *
 * console.log(toJsonMessage({ id: 'a', action: 'Waiting' })); // { status: 'Waiting', progressDetail: {}, id: 'a' }
 * ```
 */
export function toJsonMessage(
  progress: Progress,
  options: Pick<JsonProgressOptions, 'width'> = {},
): JsonMessage {
  const { id, message = '', action = '', current, total, hideCounts, units = '', aux } = progress;
  const identity = id === '' ? {} : { id };
  if (message !== '') return { status: message, ...identity };
  const bar = formatProgressBar(progress, options.width ?? DEFAULT_WIDTH);
  return {
    ...(action === '' ? {} : { status: action }),
    progressDetail: {
      ...(current ? { current: Math.trunc(current) } : {}),
      ...(total ? { total: Math.trunc(total) } : {}),
      ...(hideCounts ? { hidecounts: true } : {}),
      ...(units === '' ? {} : { units }),
    },
    ...(bar === '' ? {} : { progress: bar }),
    ...identity,
    ...(aux === undefined ? {} : { aux }),
  };
}

/**
 * A line of docker's JSON stream that says one thing.
 *
 * @param status what to say; `{}` where it is empty
 * @param id what it is about. Default none
 *
 * @example
 * ```ts
 * import { formatJsonStatus } from '@stowage/types';
 *
 * console.log(formatJsonStatus('Pull complete', '0123456789ab').trim()); // {"status":"Pull complete","id":"0123456789ab"}
 * ```
 */
export function formatJsonStatus(status: string, id = ''): string {
  return formatJsonMessage({ status, id });
}

/**
 * The line of docker's JSON stream that ends it with an error. URLs in the message lose their secrets.
 *
 * @param error any caught value
 * @param options `code`, an HTTP status that goes into the detail. Default none, as in moby's pulls and pushes
 *
 * @example
 * ```ts
 * import { formatJsonError } from '@stowage/types';
 *
 * console.log(formatJsonError(new Error('no space left')).trim());
 * // {"errorDetail":{"message":"no space left"},"error":"no space left"}
 * ```
 */
export function formatJsonError(
  error: unknown,
  options: { readonly code?: number | undefined } = {},
): string {
  const message = redactText(error instanceof Error ? error.message : String(error));
  const { code } = options;
  return formatJsonMessage({
    errorDetail: { ...(code === undefined ? {} : { code }), message },
    error: message,
  });
}

/**
 * A line of docker's JSON stream that carries a result for programs and nothing to show.
 *
 * @param aux plain data
 * @param id what it is about. Default none
 *
 * @example
 * ```ts
 * import { formatJsonAux } from '@stowage/types';
 *
 * console.log(formatJsonAux({ ID: 'sha256:00' }).trim()); // {"aux":{"ID":"sha256:00"}}
 * ```
 */
export function formatJsonAux(aux: unknown, id = ''): string {
  return formatJsonMessage({ id, aux });
}

/**
 * A line of docker's JSON stream that carries output of a process, control characters and all.
 *
 * @param text what was written
 * @param options `stderr`: whether it is shown in red, as what goes to standard error is
 *
 * @example
 * ```ts
 * import { formatJsonStream } from '@stowage/types';
 *
 * console.log(formatJsonStream('Loaded image: busybox:latest\n').trim()); // {"stream":"Loaded image: busybox:latest\n"}
 * ```
 */
export function formatJsonStream(
  text: string,
  options: { readonly stderr?: boolean | undefined } = {},
): string {
  return formatJsonMessage({ stream: options.stderr === true ? `\u001b[91m${text}\u001b[0m` : text });
}

/**
 * Writes one step of progress as plain text, as moby does for who does not read JSON: messages as lines, steps that
 * count ended by `\r` so that the next is drawn over them.
 *
 * @param progress the step
 * @param options `width` of the bar's terminal, in columns. Default 200
 *
 * @example
 * ```ts
 * import { formatRawProgress } from '@stowage/types';
 *
 * console.log(formatRawProgress({ id: 'a', message: 'Digest: sha256:00' }).trim()); // Digest: sha256:00
 * ```
 */
export function formatRawProgress(
  progress: Progress,
  options: Pick<JsonProgressOptions, 'width'> = {},
): string {
  const { message = '', action = '' } = progress;
  const last = progress.lastUpdate === true ? NEW_LINE : '';
  if (message !== '') return `${message}${NEW_LINE}${last}`;
  const bar = formatProgressBar(progress, options.width ?? DEFAULT_WIDTH);
  return `${action} ${bar}${bar === '' ? NEW_LINE : '\r'}${last}`;
}
