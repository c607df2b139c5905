import { collect, createTarWriter, streamOf } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { Bytes, ByteStream, ContentStore, Storage } from '@stowage/types';

const encoder = new TextEncoder();

/** A tar of files; what is in a file is its text. */
export function tarOf(files: Readonly<Record<string, string>>): Bytes {
  const writer = createTarWriter();
  const parts = Object.entries(files).flatMap(([name, text]) => writer.entry({ name }, encoder.encode(text)));
  return join([...parts, writer.end()]);
}

/** One run of bytes made of many. */
export function join(parts: readonly Bytes[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return bytes;
}

/** Compresses with what every runtime has. */
export async function gzip(bytes: Bytes): Promise<Bytes> {
  const stage = new CompressionStream('gzip') as unknown as TransformStream<Bytes, Bytes>;
  return collect(streamOf(bytes).pipeThrough(stage), { maxBytes: 1 << 24 });
}

/** The text of a stream. */
export async function textOf(stream: Promise<ByteStream>): Promise<string> {
  return new TextDecoder().decode(await collect(await stream, { maxBytes: 1 << 20 }));
}

/** The code that work fails with, the error's own text where it has none, `undefined` where it does not fail. */
export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
  } catch (error) {
    return isStowageError(error) ? error.code : String(error);
  }
  return undefined;
}

/** The same storage, with some calls of its content store replaced. */
export function withContent(storage: Storage, replaced: Partial<ContentStore>): Storage {
  const content = new Proxy(storage.content, {
    get: (target, name: keyof ContentStore) => replaced[name] ?? target[name].bind(target),
  });
  return {
    content,
    metadata: storage.metadata,
    lock: storage.lock.bind(storage),
    close: storage.close.bind(storage),
  };
}
