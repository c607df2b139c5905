/**
 * The outcome of `work`, or the signal's reason where it is aborted first. The work itself is not stopped by this; a
 * rejection of it that comes too late is dropped.
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  work.catch(() => undefined);
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The error of work that was called off. */
export function abortError(message: string): DOMException {
  return new DOMException(message, 'AbortError');
}
