import { collect, decompress, digestBytes, readTar } from '@stowage/core';
import type { TarEntry, TarHeader } from '@stowage/core';
import { isStowageError, parseDigest, StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, ByteStream, ContentStore, Digest, LayerStore } from '@stowage/types';
import type { ResolvedArchiveLimits } from './archive-limits.ts';
import { cleanArchivePath, digestOfPath, resolveSymlink } from './archive-paths.ts';
import { takeIn } from './take-in.ts';
import type { TakeInDeps, TakenFile } from './take-in.ts';

/** Files up to this size are kept in memory, while there is room. */
const SMALL = 64 * 1024;
/** How much is kept in memory in all. */
const ROOM = 16 << 20;
/** As many links as Linux follows. */
const MAX_LINKS = 40;

/** What an archive holds under one name. */
type Member =
  | { readonly kind: 'dir' }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'memory'; readonly bytes: Bytes }
  | { readonly kind: 'stored'; readonly file: TakenFile }
  /** It is neither a layer nor small enough for a document. That matters only to who asks for it. */
  | { readonly kind: 'useless'; readonly error: unknown };

/** What {@link ArchiveFiles} works with. */
export interface ArchiveFilesDeps extends Omit<TakeInDeps, 'content' | 'layers'> {
  readonly content: ContentStore;
  readonly layers: Pick<LayerStore, 'scan'>;
  readonly limits: ResolvedArchiveLimits;
}

/**
 * The files of an archive that was read to its end. Which of them are layers is told by a file that usually comes last;
 * so small ones are kept in memory, and all others go into the content store as they come, leased until the end.
 */
export class ArchiveFiles {
  readonly #members = new Map<string, Member>();
  readonly #deps: ArchiveFilesDeps;
  #room = ROOM;

  private constructor(deps: ArchiveFilesDeps) {
    this.#deps = deps;
  }

  /**
   * Reads an archive, plain or compressed.
   *
   * @throws `INVALID_ARCHIVE` for a broken one, names outside of it and names that it has twice; `LIMIT_EXCEEDED`
   */
  static async read(
    stream: ByteStream,
    deps: ArchiveFilesDeps,
    options: AbortOptions = {},
  ): Promise<ArchiveFiles> {
    const { maxBytes, maxEntries } = deps.limits;
    const { signal } = options;
    const files = new ArchiveFiles(deps);
    const tar = stream.pipeThrough(decompress({ maxBytes }), signal === undefined ? {} : { signal });
    const entries = tar.pipeThrough(readTar({ limits: { maxEntries, maxTotalText: 16 << 20 } })).getReader();
    try {
      for (let next = await entries.read(); !next.done; next = await entries.read()) {
        await files.#add(next.value, options);
      }
      signal?.throwIfAborted();
      return files;
    } catch (error) {
      signal?.throwIfAborted();
      await entries.cancel(error).catch(() => undefined);
      throw error;
    }
  }

  /** Whether there is such a file, link or folder. */
  has(path: string): boolean {
    return this.#members.has(path);
  }

  /** The folders that have a file of this name in them. */
  foldersWith(name: string): string[] {
    const end = `/${name}`;
    return [...this.#members.keys()]
      .filter((path) => path.endsWith(end))
      .map((path) => path.slice(0, -end.length));
  }

  /**
   * A whole file.
   *
   * @throws `INVALID_ARCHIVE` where there is none; `LIMIT_EXCEEDED`
   */
  async read(path: string, maxBytes: number, options?: AbortOptions): Promise<Bytes> {
    const member = this.#find(path);
    if (member.kind === 'stored') {
      if (member.file.size > maxBytes) throw tooLarge(path, maxBytes);
      return this.#deps.content.read(member.file.digest, { ...options, maxBytes });
    }
    if (member.bytes.length > maxBytes) throw tooLarge(path, maxBytes);
    return member.bytes;
  }

  /**
   * A file as a blob of the content store. Small ones get there now.
   *
   * @throws `INVALID_ARCHIVE` where there is none
   */
  async blob(path: string, options: AbortOptions = {}): Promise<TakenFile> {
    const member = this.#find(path);
    if (member.kind === 'stored') return member.file;
    const { bytes } = member;
    const digest = await digestBytes(bytes);
    const body = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
    return takeIn({ path, size: bytes.length, digest, body }, this.#deps, options);
  }

  #find(path: string): Extract<Member, { readonly kind: 'memory' | 'stored' }> {
    let at = cleanArchivePath(path);
    for (let links = 0; links <= MAX_LINKS; links += 1) {
      const member = this.#members.get(at);
      if (member === undefined || member.kind === 'dir') {
        throw new StowageError('INVALID_ARCHIVE', `invalid archive: no file ${JSON.stringify(path)}`);
      }
      if (member.kind === 'useless') throw member.error;
      if (member.kind !== 'link') return member;
      at = member.target;
    }
    throw new StowageError('INVALID_ARCHIVE', `invalid archive: too many links at ${JSON.stringify(path)}`);
  }

  async #add({ header, body }: TarEntry, options: AbortOptions): Promise<void> {
    const path = cleanArchivePath(header.name);
    if (header.type === 'dir') {
      if ((this.#members.get(path)?.kind ?? 'dir') !== 'dir') throw twice(path);
      if (path !== '') this.#members.set(path, { kind: 'dir' });
      return;
    }
    if (path === '' || this.#members.has(path)) throw twice(path);
    this.#members.set(path, await this.#member(path, header, body, options));
  }

  async #member(path: string, header: TarHeader, body: ByteStream, options: AbortOptions): Promise<Member> {
    const { type, size, linkname = '', sparse } = header;
    if (type === 'symlink') return { kind: 'link', target: resolveSymlink(path, linkname) };
    if (type === 'hardlink') return { kind: 'link', target: cleanArchivePath(linkname) };
    // No tool that writes images makes such entries; a sparse file is a way to be large at no cost.
    if (type !== 'file' || sparse !== undefined) {
      const what = type === 'file' ? 'sparse file' : type;
      throw new StowageError('INVALID_ARCHIVE', `invalid archive: ${JSON.stringify(path)} is a ${what}`);
    }
    const digest = digestOfPath(path);
    if (size <= Math.min(SMALL, this.#room)) {
      this.#room -= size;
      const bytes = await collect(body, { ...options, maxBytes: size });
      if (digest !== undefined) await checkDigest(path, bytes, digest);
      return { kind: 'memory', bytes };
    }
    try {
      return { kind: 'stored', file: await takeIn({ path, size, digest, body }, this.#deps, options) };
    } catch (error) {
      // Where the archive itself is broken, reading on tells.
      if (USELESS.some((code) => isStowageError(error, code))) return { kind: 'useless', error };
      throw error;
    }
  }
}

const USELESS = ['INVALID_ARCHIVE', 'UNSUPPORTED', 'LIMIT_EXCEEDED'] as const;

/** `DIGEST_MISMATCH` for bytes that are not what their name says. */
export async function checkDigest(path: string, bytes: Bytes, expected: Digest): Promise<void> {
  const actual = await digestBytes(bytes, parseDigest(expected).algorithm);
  if (actual === expected) return;
  throw new StowageError(
    'DIGEST_MISMATCH',
    `invalid archive: ${JSON.stringify(path)} has the digest ${actual}`,
  );
}

function twice(path: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', `invalid archive: duplicate name ${JSON.stringify(path)}`);
}

function tooLarge(path: string, maxBytes: number): StowageError {
  return new StowageError(
    'LIMIT_EXCEEDED',
    `invalid archive: ${JSON.stringify(path)} is larger than ${String(maxBytes)} bytes`,
  );
}
