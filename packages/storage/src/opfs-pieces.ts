import type { Bytes } from '@stowage/types';
import type { OpenFile } from './file-system.ts';
import { withFile, writeFully } from './files.ts';
import { nameOf, opfsFailure } from './opfs-failures.ts';
import type { OpfsDirectoryHandle, OpfsFileHandle } from './opfs-handles.ts';

// A window cannot append to a file: what it writes shows when the stream is closed, and until then is lost with the
// page. So a partial download that a window writes lies in pieces: files named by where they start, in a directory
// beside the file, which is empty. Each is written in one step; together they are the bytes from 0 up to the first gap.
// They become one file when they are published, or when a worker goes on with them.

const START = /^(?:0|[1-9]\d{0,15})$/;
const WHOLE = 'whole';

interface Piece {
  readonly start: number;
  readonly size: number;
  readonly handle: OpfsFileHandle;
}

/** The name of the directory that has the pieces of a file. */
export function piecesOf(name: string): string {
  return `${name}~`;
}

/** A file in pieces. */
export class OpfsPieces {
  readonly #directory: OpfsDirectoryHandle;
  readonly #path: string;
  readonly #pieces: Piece[] = [];
  #changedAt = 0;

  constructor(directory: OpfsDirectoryHandle, path: string) {
    this.#directory = directory;
    this.#path = path;
  }

  /** Finds what is there. Pieces overlap where a worker died while it joined them. */
  static async find(directory: OpfsDirectoryHandle, path: string): Promise<OpfsPieces> {
    const found: (Piece & { readonly lastModified: number })[] = [];
    for await (const [name, handle] of directory.entries()) {
      if (handle.kind !== 'file' || !START.test(name)) continue;
      const { size, lastModified } = await handle.getFile();
      found.push({ start: Number(name), size, handle, lastModified });
    }
    const pieces = new OpfsPieces(directory, path);
    for (const piece of found.sort((left, right) => left.start - right.start)) {
      if (piece.start > pieces.size) break;
      if (piece.start + piece.size <= pieces.size) continue;
      pieces.#pieces.push(piece);
      pieces.#changedAt = Math.max(pieces.#changedAt, piece.lastModified);
    }
    return pieces;
  }

  /** Removes what is no part of the file: left over from something that did not end. */
  async tidy(): Promise<void> {
    const parts = new Set(this.#pieces.map(({ start }) => String(start)));
    const names: string[] = [];
    for await (const [name] of this.#directory.entries()) if (!parts.has(name)) names.push(name);
    for (const name of names) await this.#directory.removeEntry(name, { recursive: true });
  }

  /** Bytes. */
  get size(): number {
    const last = this.#pieces.at(-1);
    return last === undefined ? 0 : last.start + last.size;
  }

  /** When it was changed last before it was found, milliseconds since the epoch; 0 where there is no piece. */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** Adds a piece at the end. When it fails, there is nothing of it. */
  async append(bytes: Bytes): Promise<void> {
    const start = this.size;
    const handle = await this.#directory.getFileHandle(String(start), { create: true });
    await writeWhole(handle, [bytes]);
    this.#pieces.push({ start, size: bytes.byteLength, handle });
  }

  async read(buffer: Bytes, position: number): Promise<number> {
    const piece = this.#pieces.findLast(({ start }) => start <= position);
    if (piece === undefined || position >= this.size) return 0;
    const from = position - piece.start;
    const part = (await piece.handle.getFile()).slice(from, from + buffer.byteLength);
    buffer.set(new Uint8Array(await part.arrayBuffer()));
    return part.size;
  }

  /** Drops everything from `size` on, the last piece first, so that what is left is always without a gap. */
  async truncate(size: number): Promise<void> {
    for (let last = this.#pieces.at(-1); last !== undefined; last = this.#pieces.at(-1)) {
      const rest = size - last.start;
      if (rest >= last.size) return;
      if (rest <= 0) await this.#directory.removeEntry(String(last.start));
      else await writeWhole(last.handle, [(await last.handle.getFile()).slice(0, rest)]);
      this.#pieces.pop();
      if (rest > 0) this.#pieces.push({ ...last, size: rest });
    }
  }

  /**
   * Writes all pieces but the first behind it, in place, and answers it. Each is removed once it is copied, so that no
   * space is needed for all of them twice.
   */
  async gather(open: (first: OpfsFileHandle) => OpenFile): Promise<OpfsFileHandle | undefined> {
    const [first, ...rest] = this.#pieces;
    if (first === undefined) return undefined;
    await withFile(open(first.handle), async (file) => {
      let { size } = first;
      for (const piece of rest) {
        const part = (await piece.handle.getFile()).slice(size - piece.start);
        await writeFully(file, new Uint8Array(await part.arrayBuffer()), size);
        size += part.size;
        await this.#directory.removeEntry(String(piece.start));
      }
      await file.sync();
    });
    return first.handle;
  }

  /** Makes one file of the pieces, and answers it; the pieces stay. */
  async join(): Promise<OpfsFileHandle> {
    const [only] = this.#pieces;
    if (only !== undefined && this.#pieces.length === 1) return only.handle;
    const whole = await this.#directory.getFileHandle(WHOLE, { create: true });
    await writeWhole(whole, this.#parts());
    const { size } = await whole.getFile();
    if (size !== this.size) throw opfsFailure('EIO', this.#path);
    return whole;
  }

  /** What the pieces have, in order, without what two of them have. */
  async *#parts(): AsyncGenerator<Blob> {
    let size = 0;
    for (const piece of this.#pieces) {
      yield (await piece.handle.getFile()).slice(size - piece.start);
      size = piece.start + piece.size;
    }
  }
}

/** Writes a file in one step. When it fails, the file is as it was. */
async function writeWhole(
  handle: OpfsFileHandle,
  parts: Iterable<Bytes | Blob> | AsyncIterable<Bytes | Blob>,
): Promise<void> {
  const writable = await handle.createWritable();
  try {
    for await (const part of parts) await writable.write(part);
    await writable.close();
  } catch (error) {
    // The stream may be in pieces already, and then says so once more.
    await writable.abort().catch(() => undefined);
    throw error;
  }
}

/** The pieces of a file, where it has any. */
export async function findPieces(
  parent: OpfsDirectoryHandle,
  name: string,
  path: string,
): Promise<OpfsPieces | undefined> {
  try {
    return await OpfsPieces.find(await parent.getDirectoryHandle(piecesOf(name)), path);
  } catch (error) {
    if (nameOf(error) === 'NotFoundError') return undefined;
    throw error;
  }
}
