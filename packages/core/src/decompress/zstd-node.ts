import { StowageError } from '@stowage/types';
import { invalidStream } from '../inflate/decoder.ts';
import type { Decoder, Emit } from '../inflate/decoder.ts';
import { NodeEngine, OUTPUT_CHUNK } from './node-engine.ts';
import { nativeZstd } from './zstd-native.ts';
import type { CreateZstdDecompress } from './zstd-native.ts';
import { ZstdFrames } from './zstd-frames.ts';

// Loaded on demand, as a file of its own: a page has no node:zlib.

/** zstd (RFC 8878) by node:zlib, frame by frame. Windows up to 128 MiB, the runtime's own limit. */
export function createNodeZstdDecoder(
  emit: Emit,
  create: CreateZstdDecompress | undefined = nativeZstd(),
): Decoder {
  if (create === undefined) throw new StowageError('UNSUPPORTED', 'this runtime cannot decompress zstd');
  const frames = new ZstdFrames();
  const begin = (): NodeEngine =>
    new NodeEngine(create({ chunkSize: OUTPUT_CHUNK }), emit, (error) =>
      invalidStream('zstd', error.message, error),
    );
  // Begun with the first frame that has content: some runtimes take an engine that was given nothing for truncated.
  let engine: NodeEngine | undefined;
  return {
    async write(bytes) {
      for (const run of frames.take(bytes)) {
        engine ??= begin();
        if ((await engine.write(run)) > 0) throw invalidStream('zstd', 'a frame ends before its last block');
      }
    },
    async end() {
      if (!frames.complete) throw invalidStream('zstd', 'unexpected end of file');
      await engine?.end();
    },
    free(reason) {
      engine?.free(reason);
    },
  };
}
