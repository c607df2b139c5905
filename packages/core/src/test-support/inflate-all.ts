import { createInflater } from '../inflate/inflater.ts';
import type { InflaterInit } from '../inflate/inflater-init.ts';
import { join } from './bytes.ts';

/** What a stream holds that comes in pieces of so many bytes. */
export async function inflate(
  stream: Uint8Array,
  init: Omit<InflaterInit, 'onOutput'> = {},
  size = 1 << 20,
): Promise<Uint8Array> {
  const output: Uint8Array[] = [];
  const inflater = await createInflater({ ...init, onOutput: (bytes) => output.push(bytes.slice()) });
  for (let at = 0; at < stream.length; at += size) {
    // In memory of its own, and gone after the call.
    const chunk = stream.slice(at, at + size);
    inflater.write(chunk);
    chunk.fill(0xff);
  }
  inflater.end();
  return join(...output);
}
