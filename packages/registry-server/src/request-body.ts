import type { Bytes } from '@stowage/types';
import { RegistryFault } from './registry-fault.ts';

/**
 * Hands the chunks of a request's body to `take`, one after the other. When `take` throws, the rest of the body is left
 * unread and the stream uncancelled: to cancel it would cut the connection of a real client before it saw the answer.
 *
 * @throws the reason of the request's signal once that is aborted
 */
export async function readBody(
  request: Request,
  take: (chunk: Bytes) => Promise<void> | void,
): Promise<void> {
  const { signal } = request;
  const body = await bodyOf(request);
  if (body === null) return;
  const reader = body.getReader();
  const stop = (): void => {
    // The reading below then ends and throws the reason.
    reader.cancel(signal.reason).catch(() => undefined);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    for (;;) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return;
      await take(value);
    }
  } finally {
    signal.removeEventListener('abort', stop);
    reader.releaseLock();
  }
}

/**
 * Reads a request's body into memory.
 *
 * @throws a fault: 413 when it is larger than `maxBytes`
 */
export async function readWholeBody(request: Request, maxBytes: number): Promise<Bytes> {
  const tooLarge = (): RegistryFault =>
    new RegistryFault(413, 'SIZE_INVALID', `the body is larger than ${String(maxBytes)} bytes`);
  if (Number(request.headers.get('Content-Length') ?? 0) > maxBytes) throw tooLarge();
  const chunks: Bytes[] = [];
  let size = 0;
  await readBody(request, (chunk) => {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  });
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

/** The body as a stream. Firefox has no `Request.body`, and reads it as a blob. */
async function bodyOf(
  request: Partial<Pick<Request, 'body'>> & Pick<Request, 'blob'>,
): Promise<Request['body']> {
  return request.body === undefined ? new Response(await request.blob()).body : request.body;
}
