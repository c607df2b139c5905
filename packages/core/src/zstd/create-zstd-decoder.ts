import type { Emit } from '../inflate/decoder.ts';
import { ZstdDecoder } from './zstd-decoder.ts';
import type { ZstdDecoderInit } from './zstd-decoder.ts';
import { createWasmZstdEngine } from './zstd-wasm.ts';

// Loaded on demand, as a file of its own: most layers are gzip.

/** What is used of the options of a decompressor. */
interface CreateInit extends ZstdDecoderInit {
  /** Whether output may be kept after the call of `emit`. */
  readonly keepsOutput?: boolean | undefined;
}

/** zstd (RFC 8878) by WebAssembly. Rejects with `UNSUPPORTED` where that is forbidden. */
export async function createZstdDecoder(emit: Emit, init: CreateInit): Promise<ZstdDecoder> {
  const give: Emit = (bytes) => {
    // What the engine gives out is overwritten by what follows.
    emit(init.keepsOutput === true ? bytes.slice() : bytes);
  };
  return new ZstdDecoder(await createWasmZstdEngine(), give, init);
}
