import { StowageError } from '@stowage/types';
import { BAD_HEADER, checkPadding, invalidStream, trailingGarbage } from '../inflate/decoder.ts';
import type { Decoder, Emit } from '../inflate/decoder.ts';
import { NodeEngine, OUTPUT_CHUNK } from './node-engine.ts';
import { builtinModule } from '../platform/platform.ts';

// Loaded on demand, as a file of its own: a page has no node:zlib.

/**
 * gzip (RFC 1952) by node:zlib, on the thread pool. zlib itself goes on from member to member; where a zero byte
 * follows one, it stops and would ignore the rest, which is looked at here.
 */
export function createNodeGzipDecoder(emit: Emit): Decoder {
  const zlib = builtinModule('node:zlib');
  if (zlib === undefined) throw new StowageError('UNSUPPORTED', 'this runtime has no node:zlib');
  const stream = zlib.createGunzip({ chunkSize: OUTPUT_CHUNK });
  const engine = new NodeEngine(stream, emit, (error) =>
    // Only what begins as gzip comes here, so a member that does not can only be what follows the last one.
    error.message === BAD_HEADER
      ? trailingGarbage('gzip', error)
      : invalidStream('gzip', error.message, error),
  );
  let padding = false;
  return {
    async write(bytes) {
      const left = padding ? bytes.length : await engine.write(bytes);
      if (left === 0) return;
      padding = true;
      checkPadding('gzip', bytes.subarray(bytes.length - left));
    },
    end: () => engine.end(),
    free(reason) {
      engine.free(reason);
    },
  };
}
