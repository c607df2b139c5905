import type { Decoder, Emit } from '../inflate/decoder.ts';
import { ZstdDecoder } from './zstd-decoder.ts';
import { createWasmZstdEngine } from './zstd-wasm.ts';

// Loaded on demand, as a file of its own: most layers are gzip.

/** zstd (RFC 8878) by WebAssembly; `maxWindow` is in bytes. Rejects with `UNSUPPORTED` where that is forbidden. */
export async function createZstdDecoder(emit: Emit, maxWindow?: number): Promise<Decoder> {
  return new ZstdDecoder(await createWasmZstdEngine(), emit, maxWindow);
}
