import type { Decoder, Emit } from '../inflate/decoder.ts';
import { createInflater } from '../inflate/inflater.ts';
import type { InflateBackend } from '../inflate/inflater-init.ts';

/** gzip (RFC 1952) by the inflater of this package. Emitted bytes are overwritten by what follows. */
export async function createGzipDecoder(emit: Emit, backend: InflateBackend): Promise<Decoder> {
  const inflater = await createInflater({ backend, onOutput: emit });
  return {
    write(bytes) {
      inflater.write(bytes);
    },
    end() {
      inflater.end();
    },
    free() {
      inflater.free();
    },
  };
}
