import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import type { PiecewiseBody, WireBody } from '../transport/transport.ts';
import type { ChunkPlan } from './chunk-plan.ts';
import type { UploadSource } from './upload-source.ts';
import type { UploadPiece } from './upload-wire.ts';

/** How many bytes of a chunk go at a time where they can go one after the other. */
const PIECE = 64 * 1024;

/** How bodies are made. */
export interface UploadBodyOptions {
  /** Whether a body can be sent piece by piece. */
  readonly streams: boolean;
  /** Is told how many bytes of the body were taken. */
  readonly onSent: (count: number) => void;
}

/** The next bytes of an upload as the body of a request. */
export async function bodyOf(
  source: UploadSource,
  offset: number,
  plan: ChunkPlan,
  options: UploadBodyOptions,
): Promise<UploadPiece> {
  if (plan.kind === 'chunk' || source.rest === undefined) {
    const bytes = await source.take(offset, plan.kind === 'chunk' ? plan.size : PIECE);
    return { offset, length: bytes.byteLength, body: chunkBody(bytes, options) };
  }
  const rest = source.rest(offset);
  if (rest.size === 0) return { offset, length: 0, body: new Uint8Array() };
  const body = plan.kind === 'stream' ? counted(rest, options.onSent) : await gathered(rest);
  return { offset, length: rest.size, body };
}

/** Bytes in memory: piece by piece, where that is possible, it can be seen how they go. */
function chunkBody(bytes: Bytes, { streams, onSent }: UploadBodyOptions): WireBody {
  if (!streams || bytes.byteLength <= PIECE) return bytes;
  function* pieces(): Generator<Bytes> {
    for (let at = 0; at < bytes.byteLength; at += PIECE) yield bytes.subarray(at, at + PIECE);
  }
  return counted({ size: bytes.byteLength, pieces }, onSent);
}

function counted(body: PiecewiseBody, onSent: (count: number) => void): PiecewiseBody {
  async function* pieces(): AsyncGenerator<Bytes> {
    let count = 0;
    for await (const piece of body.pieces()) {
      yield piece;
      count += piece.byteLength;
      onSent(count);
    }
  }
  return { size: body.size, pieces };
}

/** Everything in one blob, which a page need not keep in memory. */
async function gathered(body: PiecewiseBody): Promise<Blob> {
  const parts: Blob[] = [];
  for await (const piece of body.pieces()) parts.push(new Blob([piece as Uint8Array<ArrayBuffer>]));
  const blob = new Blob(parts);
  if (blob.size === body.size) return blob;
  throw new StowageError('SIZE_MISMATCH', `content to upload has ${String(blob.size)} bytes`);
}
