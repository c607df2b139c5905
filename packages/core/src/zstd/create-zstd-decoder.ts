import type { Emit } from '../inflate/decoder.ts';
import { openZstdDecoder } from './zstd-decoder.ts';
import type { ZstdDecoder, ZstdDecoderInit } from './zstd-decoder.ts';
import { createWasmZstdEngine } from './zstd-wasm.ts';

// Loaded on demand, as a file of its own: most layers are gzip.

/**
 * zstd (RFC 8878) by WebAssembly. Rejects with `UNSUPPORTED` where that is forbidden, with `UNAVAILABLE` where there is no
 * room for its memory.
 */
export async function createZstdDecoder(emit: Emit, init: ZstdDecoderInit): Promise<ZstdDecoder> {
  return openZstdDecoder(await createWasmZstdEngine(), emit, init);
}
