import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { StowageError } from '@stowage/types';
import type { Fetch } from '@stowage/types';

/** The files of a layout, and nothing beside them (image-spec, "Image Layout"). */
const FILE = /^\/(?:oci-layout|index\.json|blobs\/[a-z0-9]+(?:[+._-][a-z0-9]+)*\/[a-zA-Z0-9=_-]+)$/;
const RANGE = /^bytes=(\d{1,15})-(\d{1,15})?$/;
/** A link in a layout could lead anywhere. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * A `fetch` for an OCI image layout in a local directory: `createLayoutRepository` reads it as it reads one on a static
 * server. It answers with the files of the layout, parts of them where a range is asked for, and with 404 for anything
 * else, symbolic links among it. Nothing is sent anywhere.
 *
 * @param directory where `oci-layout`, `index.json` and `blobs` are
 * @returns a `fetch` for the origin `http://layout.invalid` alone
 * @throws `INVALID_ARGUMENT` as a rejection, for another origin or method; `STORAGE` where a file cannot be read
 *
 * @example
 * ```ts
 * import { mkdtemp, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { createLayoutRepository } from '@stowage/registry';
 * import { createLayoutFetch } from '@stowage/registry/node';
 *
 * const directory = await mkdtemp(join(tmpdir(), 'layout-'));
 * await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
 * await writeFile(join(directory, 'index.json'), '{"schemaVersion":2,"manifests":[]}');
 * const fetch = createLayoutFetch(directory);
 * const repository = createLayoutRepository({ url: 'http://layout.invalid', fetch });
 * for await (const tag of repository.tags()) console.log(tag); // no images, no tags
 * ```
 */
export function createLayoutFetch(directory: string): Fetch {
  return async (url, init = {}) => {
    const { method = 'GET', signal, headers } = init;
    signal?.throwIfAborted();
    const { origin, pathname } = new URL(url);
    if (origin !== 'http://layout.invalid' || !['GET', 'HEAD'].includes(method)) {
      throw new StowageError('INVALID_ARGUMENT', `no ${method} of ${origin} in a directory`);
    }
    const file = FILE.test(pathname) ? await openFile(join(directory, pathname)) : undefined;
    if (file === undefined) return new Response(null, { status: 404 });
    try {
      return await answer(file, method, new Headers(headers).get('range'));
    } catch (error) {
      await file.close();
      throw error;
    }
  };
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, FLAGS);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (MISSING.includes(code)) return undefined;
    throw new StowageError('STORAGE', `cannot read ${path}: ${code}`, { cause });
  }
}

/** Nothing there, or a link. */
const MISSING: readonly string[] = ['ENOENT', 'ENOTDIR', 'ELOOP'];

async function answer(file: FileHandle, method: string, range: string | null): Promise<Response> {
  const { size } = await file.stat();
  const [, first, last] = RANGE.exec(range ?? '') ?? [];
  const start = Number(first ?? 0);
  const end = Math.min(Number(last ?? size), size - 1);
  if (first !== undefined && (start >= size || end < start)) {
    await file.close();
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${String(size)}` } });
  }
  const headers = { 'content-length': String(end - start + 1), 'content-type': 'application/octet-stream' };
  const partial = { ...headers, 'content-range': `bytes ${String(start)}-${String(end)}/${String(size)}` };
  const init = first === undefined ? { status: 200, headers } : { status: 206, headers: partial };
  if (method === 'HEAD' || size === 0) {
    await file.close();
    return new Response(null, init);
  }
  const content = file.createReadStream({ start, end, highWaterMark: 1 << 18 });
  return new Response(Readable.toWeb(content) as ReadableStream<Uint8Array<ArrayBuffer>>, init);
}
