import { collect, createTarWriter, digestBytes, iterate, streamOf } from '@stowage/core';
import type { TarEntryInit } from '@stowage/core';
import * as fc from 'fast-check';
import { asDigest, isStowageError } from '@stowage/types';
import type { Bytes, ByteStream, ChainID, ContentStore, DiffID, Layer, Storage } from '@stowage/types';

const encoder = new TextEncoder();

/** A tar of files; what is in a file is its text. */
export function tarOf(files: Readonly<Record<string, string>>): Bytes {
  const writer = createTarWriter();
  const parts = Object.entries(files).flatMap(([name, text]) => writer.entry({ name }, encoder.encode(text)));
  return join([...parts, writer.end()]);
}

/** Two small layers. */
export const TAR: Bytes = tarOf({ 'etc/motd': 'hello', 'etc/issue': 'world' });
export const OTHER: Bytes = tarOf({ other: 'o' });
/** A digest that nothing has. */
export const NOBODY: ChainID = asDigest(`sha256:${'0'.repeat(64)}`) as ChainID;

/** What a layer of this tar is called. */
export async function diffIdOf(tar: Bytes): Promise<DiffID> {
  return (await digestBytes(tar)) as DiffID;
}

/** `a/` a directory, `a -> b` a symbolic link, `a => b` a hard link, `a = text` a file, `a` an empty one. */
function entryOfLine(line: string): [TarEntryInit, string] {
  const [, name = line, kind, rest = ''] = /^(\S+) (->|=>|=) (.*)$/.exec(line) ?? [];
  if (kind === '->') return [{ name, type: 'symlink', linkname: rest }, ''];
  if (kind === '=>') return [{ name, type: 'hardlink', linkname: rest }, ''];
  if (name.endsWith('/')) return [{ name, type: 'dir', mode: 0o700 }, ''];
  return [{ name }, rest];
}

/** A tar with one entry for each line: see above. */
export function tarOfLines(lines: readonly string[]): Bytes {
  const writer = createTarWriter();
  const parts = lines.flatMap((line) => {
    const [init, text] = entryOfLine(line);
    return writer.entry(init, encoder.encode(text));
  });
  return join([...parts, writer.end()]);
}

/** Any such line, of few names, so that they meet. */
export const LINE: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'b', 'c', '.wh.a', '.wh.b', '.wh..wh..opq'), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.constantFrom('', '/', ' -> a', ' -> ../b', ' => a/b', ' = text', ' = other'),
  )
  .map(([path, kind]) => path.join('/') + kind);

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
export async function codeOf(work: Promise<unknown> | (() => unknown)): Promise<string | undefined> {
  try {
    await (typeof work === 'function' ? work() : work);
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

/** The same layer, with its tar replaced by what a function makes of it. */
export function withTar(
  layer: Layer,
  tarStream: (real: () => Promise<ByteStream>) => Promise<ByteStream>,
): Layer {
  const open = (): Promise<ByteStream> => tarStream(() => layer.tarStream());
  const tarTo: Layer['tarTo'] = async (take) => {
    for await (const bytes of iterate(await open())) await take(bytes);
  };
  return new Proxy(layer, {
    get: (target, name) => {
      if (name === 'tarStream') return open;
      if (name === 'tarTo') return tarTo;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
