import type { Emit } from '../../inflate/decoder.ts';
import { openZstdDecoder } from '../zstd-decoder.ts';
import type { ZstdDecoder, ZstdDecoderInit } from '../zstd-decoder.ts';
import { PlainZstdEngine } from './zstd-js.ts';

// Loaded on demand, as a file of its own: only where WebAssembly is forbidden or has no room.

/** zstd (RFC 8878) in plain TypeScript. */
export function createZstdDecoder(emit: Emit, init: ZstdDecoderInit): ZstdDecoder {
  return openZstdDecoder(new PlainZstdEngine(), emit, init);
}
