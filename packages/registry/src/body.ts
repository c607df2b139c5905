import { collect } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { Bytes, ByteStream, ReadOptions } from '@stowage/types';
import type { Answer } from './answer.ts';
import { bodySource, streamOfSource } from './byte-source.ts';
import type { BodyPart } from './byte-source.ts';

/** The most bytes that are read of a body nobody wants, so that its connection can be used again. */
const MAX_DRAINED = 64 * 1024;

/** Whether the bytes on the wire are others than those that we get to see. */
export function isCoded(response: Response): boolean {
  const coding = response.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  return coding !== '' && coding !== 'identity';
}

/** How many bytes the body has by its header; `undefined` where that is not known or a coding hides it. */
export function announcedLength(response: Response): number | undefined {
  return isCoded(response) ? undefined : byteCount(response.headers.get('content-length'));
}

/** Reads a count of bytes as headers carry it; `undefined` for anything else, and beyond what JavaScript can count. */
export function byteCount(text: string | null): number | undefined {
  if (text === null || !/^\d+$/.test(text)) return undefined;
  const count = Number(text);
  return Number.isSafeInteger(count) ? count : undefined;
}

/**
 * Reads a whole body into memory.
 *
 * @throws `LIMIT_EXCEEDED` when it has more than `maxBytes`
 */
export async function readBody(answer: Answer, options: ReadOptions): Promise<Bytes> {
  const { maxBytes, signal } = options;
  const length = announcedLength(answer.response);
  if (length !== undefined && length > maxBytes) {
    abandon(answer.response);
    throw new StowageError('LIMIT_EXCEEDED', `content is longer than ${String(maxBytes)} bytes`);
  }
  return await collect(streamBody(answer, { length, signal }), { maxBytes });
}

/** Reads at most `maxBytes` of a body and lets go of the rest. */
export async function readPrefix(answer: Answer, options: ReadOptions): Promise<Bytes> {
  const { maxBytes, signal } = options;
  return await collect(streamBody(answer, { take: maxBytes, signal }), { maxBytes });
}

/**
 * Lets go of a body that nobody wants. A short one is read to its end, so that its connection can be used again: wait
 * for that when the next request goes the same way. Never fails.
 */
export async function discard(answer: Answer, signal?: AbortSignal): Promise<void> {
  if ((announcedLength(answer.response) ?? 0) > MAX_DRAINED) abandon(answer.response);
  else await readPrefix(answer, { maxBytes: MAX_DRAINED, signal }).catch(() => undefined);
}

/** Cancels a body that nobody wants, and its connection with it. Never fails. */
export function abandon(response: Response): void {
  response.body?.cancel().catch(() => undefined);
}

function streamBody(answer: Answer, part: BodyPart): ByteStream {
  return streamOfSource(bodySource(answer, part), part);
}
