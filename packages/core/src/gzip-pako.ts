import { zlibInflate, zlibInflateInit2, zlibInflateReset, ZStream } from 'pako';
import { checkPadding, gzipError, invalidStream } from './decoder.ts';
import type { Decoder, Emit } from './decoder.ts';

// Loaded on demand, as a file of its own: so a bundler takes from pako what is used here and leaves the rest.

const OUTPUT_CHUNK = 64 * 1024;

// zlib's own names (zlib.h).
const GZIP_ONLY_WINDOW_BITS = 15 + 16;
const Z_NO_FLUSH = 0;
const Z_OK = 0;
const Z_STREAM_END = 1;
const Z_BUF_ERROR = -5;

/**
 * gzip (RFC 1952) by pako, for pages. The streams that pages have themselves cannot do this: `DecompressionStream`
 * fails on a second member and on padding without telling where the first member ended. pako is about as fast.
 *
 * @param emit takes the output
 * @param recycle whether emitted bytes are overwritten by what follows, so that `emit` must copy what it keeps
 */
export function createPakoGzipDecoder(emit: Emit, recycle: boolean): Decoder {
  let stream: ZStream | undefined = new ZStream();
  zlibInflateInit2(stream, GZIP_ONLY_WINDOW_BITS);
  stream.output = new Uint8Array(OUTPUT_CHUNK);
  // Between members: before the first one only formally, since its magic number was seen already.
  let between = false;
  let padding = false;

  /** Decodes as much as fits into the output buffer. Answers whether there may be more to come of the same input. */
  const step = (from: ZStream): boolean => {
    from.next_out = 0;
    from.avail_out = OUTPUT_CHUNK;
    const status = zlibInflate(from, Z_NO_FLUSH);
    if (status !== Z_OK && status !== Z_STREAM_END && status !== Z_BUF_ERROR) {
      throw gzipError(from.msg);
    }
    between = status === Z_STREAM_END;
    if (from.next_out > 0) {
      emit(recycle ? from.output.subarray(0, from.next_out) : from.output.slice(0, from.next_out));
    }
    return between ? from.avail_in > 0 : from.avail_out === 0;
  };

  return {
    write(bytes) {
      if (stream === undefined) return;
      if (padding) {
        checkPadding('gzip', bytes);
        return;
      }
      stream.input = bytes;
      stream.next_in = 0;
      stream.avail_in = bytes.length;
      do {
        if (between) {
          const rest = bytes.subarray(stream.next_in);
          if (rest[0] === 0) {
            padding = true;
            checkPadding('gzip', rest);
            return;
          }
          zlibInflateReset(stream);
        }
      } while (step(stream));
    },
    end() {
      if (!between) throw invalidStream('gzip', 'unexpected end of file');
    },
    free() {
      stream = undefined;
    },
  };
}
