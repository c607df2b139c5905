import type { Bytes, ContentReader } from '@stowage/types';

/** A reader of one blob, whatever digest is asked for, that counts what is asked of it. */
export interface CountingContent extends Pick<ContentReader, 'open'> {
  readonly requests: number;
  /** That were given out. */
  readonly bytes: number;
}

/** How many bytes are given out at a time. */
const PIECE = 4096;

/** Of a blob that may be shorter than whoever asks thinks. */
export function countingContent(blob: Bytes): CountingContent {
  const counted = { requests: 0, bytes: 0 };
  return {
    get requests() {
      return counted.requests;
    },
    get bytes() {
      return counted.bytes;
    },
    open: (_digest, { offset = 0, length = blob.length, signal } = {}) => {
      counted.requests += 1;
      let at = offset;
      const end = Math.min(blob.length, offset + length);
      const pull = (controller: ReadableStreamDefaultController<Bytes>): void => {
        signal?.throwIfAborted();
        if (at >= end) {
          controller.close();
          return;
        }
        const piece = blob.slice(at, Math.min(end, at + PIECE));
        at += piece.length;
        counted.bytes += piece.length;
        controller.enqueue(piece);
      };
      return Promise.resolve(new ReadableStream<Bytes>({ pull }, { highWaterMark: 0 }));
    },
  };
}
