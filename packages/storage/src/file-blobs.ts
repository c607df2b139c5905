import { isDigest, parseDigest, StowageError } from '@stowage/types';
import type { Bytes, ByteStream, Digest, RangeOptions, ReadOptions } from '@stowage/types';
import { streamBlob } from './blob-stream.ts';
import type { BlobSource } from './blob-stream.ts';
import { checkMaxBytes, resolveRange } from './checks.ts';
import { contentNotFound, contentTooLarge } from './failures.ts';
import type { FileSystem, OpenFile } from './file-system.ts';
import { ifThere, inDirectory, readFully, statusIfThere, withFile } from './files.ts';
import type { WriteOptions } from './files.ts';
import { dirname, join } from './paths.ts';

/** The files of blobs: `blobs/<algorithm>/<hex>`. */
export class FileBlobs {
  readonly #fs: FileSystem;
  readonly #root: string;

  constructor(fs: FileSystem, root: string) {
    this.#fs = fs;
    this.#root = join(root, 'blobs');
  }

  /** Bytes; `undefined` where there is no such blob. */
  async size(digest: Digest): Promise<number | undefined> {
    return (await statusIfThere(this.#fs, this.#path(digest)))?.size;
  }

  async open(digest: Digest, options: RangeOptions): Promise<ByteStream> {
    const file = await this.#open(digest);
    try {
      const { size } = await file.status();
      const { start, end } = resolveRange(options, size);
      options.signal?.throwIfAborted();
      return streamBlob(sourceOf(digest, file), start, end, options);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async read(digest: Digest, { maxBytes, signal }: ReadOptions): Promise<Bytes> {
    checkMaxBytes(maxBytes);
    return withFile(await this.#open(digest), async (file) => {
      const { size } = await file.status();
      if (size > maxBytes) throw contentTooLarge(digest, size, maxBytes);
      const bytes = new Uint8Array(size);
      await readFully(file, bytes, 0);
      signal?.throwIfAborted();
      return bytes;
    });
  }

  /** Moves a file with verified bytes to its place, or leaves the one that is there. */
  async publish(data: string, digest: Digest, size: number): Promise<void> {
    const path = this.#path(digest);
    if ((await this.size(digest)) !== size) {
      await inDirectory(this.#fs, dirname(path), () => this.#fs.rename(data, path));
    }
    // Whoever was quicker may not have come to this.
    await this.#fs.syncDirectory(dirname(path));
  }

  /** `NOT_FOUND`. */
  async remove(digest: Digest, { durable = true }: WriteOptions): Promise<void> {
    const path = this.#path(digest);
    const removed = await ifThere(this.#fs.remove(path).then(() => true));
    if (removed === undefined) throw contentNotFound(digest);
    if (durable) await this.#fs.syncDirectory(dirname(path));
  }

  /** The algorithms that blobs are named by. */
  async algorithms(): Promise<readonly string[]> {
    return ((await ifThere(this.#fs.list(this.#root))) ?? []).map(({ name }) => name);
  }

  /** The digests of one algorithm. What is none is not ours. */
  async digests(algorithm: string): Promise<readonly Digest[]> {
    const entries = (await ifThere(this.#fs.list(join(this.#root, algorithm)))) ?? [];
    return entries.map(({ name }) => `${algorithm}:${name}`).filter(isDigest);
  }

  async #open(digest: Digest): Promise<OpenFile> {
    const file = await ifThere(this.#fs.open(this.#path(digest), 'read'));
    if (file === undefined) throw contentNotFound(digest);
    return file;
  }

  #path(digest: Digest): string {
    const { algorithm, encoded } = parseDigest(digest);
    return join(this.#root, algorithm, encoded);
  }
}

function sourceOf(digest: Digest, file: OpenFile): BlobSource {
  return {
    async read(start, end) {
      const bytes = new Uint8Array(end - start);
      const count = await file.read(bytes, start);
      if (count === 0) throw new StowageError('DATA_LOSS', `content digest ${digest} ends at ${start}`);
      return count === bytes.byteLength ? bytes : bytes.slice(0, count);
    },
    close: () => file.close(),
  };
}
