import type { Bytes } from '@stowage/types';
import { StowageError } from '@stowage/types';
import { BLOCK, decodeNumbers, isZeroBlock, paddingOf, TYPE_FLAG, verifyBlock } from './tar-block.ts';
import { draftEntry, labelSize } from './tar-entry.ts';
import type { OpenTarHeader } from './tar-entry.ts';
import { invalidTar, tarLimit } from './tar-error.ts';
import { isExtension, TarExtensions } from './tar-extensions.ts';
import type { TarHeader } from './tar-header.ts';
import { resolveTarLimits } from './tar-limits.ts';
import type { ResolvedTarLimits, TarLimits } from './tar-limits.ts';
import type { SparseBlocks } from './tar-sparse.ts';

export { DEFAULT_TAR_LIMITS } from './tar-limits.ts';
export type { TarLimits } from './tar-limits.ts';
export type { TarSparse, TarSparseSegment } from './tar-sparse.ts';

/** What a {@link scanTar} scanner tells, and what it refuses. */
export interface ScanTarOptions {
  /** Told of every entry, before its content. */
  onEntry(header: TarHeader): void;
  /**
   * Told of the content of files, piece by piece, as it is stored: of a sparse file what `header.sparse` lists, without
   * its holes. The bytes are a view into what was written: copy them to keep them.
   */
  onContent?(bytes: Bytes, header: TarHeader): void;
  readonly limits?: TarLimits | undefined;
}

/** Takes a tar stream in pieces of any size and calls back at once. After it has thrown it takes nothing more. */
export interface TarScanner {
  /** Bytes so far after the two zero blocks that end the archive, whatever they are. */
  readonly trailingBytes: number;
  /**
   * Takes the next bytes.
   *
   * @throws `INVALID_ARCHIVE`; `LIMIT_EXCEEDED`; `UNSUPPORTED` for unknown kinds of entries
   */
  write(bytes: Bytes): void;
  /**
   * Says that there are no more bytes. An archive may end without its end marker, but only between two entries.
   *
   * @throws `INVALID_ARCHIVE` when the archive is cut short
   */
  end(): void;
}

/**
 * Scans a tar stream as it goes by: v7, ustar, pax and GNU headers, sparse files too. Two zero blocks end the archive;
 * whatever follows them is counted and ignored. The label of a GNU archive is no entry.
 *
 * Where readers of tar differ in what an archive holds, it is refused: a pax size of a sparse file, content of a link,
 * two headers that name one entry. What is accepted, GNU tar reads as the same names and sizes.
 *
 * @param options the callbacks, and limits
 *
 * @example
 * ```ts
 * import { createTarWriter, scanTar } from '@stowage/core';
 *
 * const names: string[] = [];
 * const scanner = scanTar({ onEntry: (header) => names.push(header.name) });
 * const writer = createTarWriter();
 * for (const bytes of writer.entry({ name: 'a.txt' }, new Uint8Array(3))) scanner.write(bytes);
 * scanner.write(writer.end());
 * scanner.end();
 * console.log(names); // [ 'a.txt' ]
 * ```
 */
export function scanTar(options: ScanTarOptions): TarScanner {
  return new Scanner(options);
}

/** What a segment of a sparse file counts as, in units of text. */
const SEGMENT_TEXT = 16;

const NO_HEADER: OpenTarHeader = {
  name: '',
  type: 'file',
  size: 0,
  mode: 0,
  uid: 0,
  gid: 0,
  mtime: 0,
  offset: 0,
};

class Scanner implements TarScanner {
  readonly #options: ScanTarOptions;
  readonly #limits: ResolvedTarLimits;
  /** What the bytes at hand are: a header, blocks of a sparse map, or one of the runs that `#left` counts. */
  #state: 'header' | 'sparse' | 'content' | 'extension' | 'skip' | 'end' = 'header';
  #usable = true;
  /** Where the bytes at hand begin in the stream. */
  #base = 0;
  /** Bytes left of content, of an extension, or to skip. */
  #left = 0;
  /** Padding after that. */
  #padding = 0;
  readonly #block: Bytes = new Uint8Array(BLOCK);
  #held = 0;
  #zeroBlock = false;
  #trailing = 0;
  #header: OpenTarHeader = NO_HEADER;
  #sparse: SparseBlocks | undefined;
  #entries = 0;
  #text = 0;

  /** The content of an extension header and its padding. */
  #extension: Bytes = this.#block;
  #extensionSize = 0;
  #extensionFlag = 0;
  readonly #extensions = new TarExtensions();

  constructor(options: ScanTarOptions) {
    this.#options = options;
    this.#limits = resolveTarLimits(options.limits);
  }

  get trailingBytes(): number {
    return this.#trailing;
  }

  write(bytes: Bytes): void {
    this.#begin();
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case 'header':
        case 'sparse':
          at = this.#gatherBlock(bytes, at);
          break;
        case 'end':
          this.#trailing += bytes.length - at;
          at = bytes.length;
          break;
        default:
          at = this.#takeRun(bytes, at);
      }
    }
    this.#base += bytes.length;
    this.#usable = true;
  }

  end(): void {
    this.#begin();
    if (this.#state === 'end') return;
    if (this.#state !== 'header' || this.#held > 0) throw invalidTar('unexpected end of the tar archive');
    this.#checkNothingPending();
  }

  /** A callback that throws, or calls back into the scanner, leaves it between two states: it must not go on. */
  #begin(): void {
    if (!this.#usable) throw new StowageError('INVALID_ARGUMENT', 'the tar scanner has failed or ended');
    this.#usable = false;
  }

  #gatherBlock(bytes: Bytes, at: number): number {
    if (this.#held === 0 && bytes.length - at >= BLOCK) {
      this.#takeBlock(bytes, at, this.#base + at + BLOCK);
      return at + BLOCK;
    }
    const taken = Math.min(BLOCK - this.#held, bytes.length - at);
    this.#block.set(bytes.subarray(at, at + taken), this.#held);
    this.#held += taken;
    if (this.#held === BLOCK) {
      this.#held = 0;
      this.#takeBlock(this.#block, 0, this.#base + at + taken);
    }
    return at + taken;
  }

  #takeRun(bytes: Bytes, at: number): number {
    const taken = Math.min(this.#left, bytes.length - at);
    if (this.#state === 'content') {
      this.#options.onContent?.(bytes.subarray(at, at + taken), this.#header);
    } else if (this.#state === 'extension') {
      this.#extension.set(bytes.subarray(at, at + taken), this.#extension.length - this.#left);
    }
    this.#left -= taken;
    if (this.#left === 0) this.#endRun();
    return at + taken;
  }

  #beginRun(state: 'content' | 'extension' | 'skip', size: number): void {
    this.#state = state;
    this.#left = size;
    this.#padding = paddingOf(size);
    if (size === 0) this.#endRun();
  }

  #endRun(): void {
    if (this.#state === 'extension') this.#endExtension();
    this.#left = this.#padding;
    this.#padding = 0;
    this.#state = this.#left === 0 ? 'header' : 'skip';
  }

  /** `end` is where the block ends in the stream. */
  #takeBlock(bytes: Bytes, at: number, end: number): void {
    if (this.#sparse !== undefined) {
      if (this.#sparse.take(bytes, at)) this.#endSparse(this.#sparse, end);
      return;
    }
    if (bytes[at] === 0 && isZeroBlock(bytes, at)) {
      this.#checkNothingPending();
      if (this.#zeroBlock) this.#state = 'end';
      this.#zeroBlock = true;
      return;
    }
    if (this.#zeroBlock) throw invalidTar('invalid tar header: a lone zero block before it');
    const flag = verifyBlock(bytes, at);
    if (isExtension(flag)) this.#beginExtension(flag, decodeNumbers(bytes, at).size);
    else if (flag === TYPE_FLAG.gnuVolume) this.#skipLabel(bytes, at);
    else this.#beginEntry(bytes, at, end);
  }

  #beginExtension(flag: number, size: number): void {
    if (size > this.#limits.maxExtensionBytes) throw tarLimit(`an extension header of ${size} bytes`);
    const stored = size + paddingOf(size);
    this.#extension = new Uint8Array(stored);
    this.#extensionSize = size;
    this.#extensionFlag = flag;
    this.#beginRun('extension', stored);
  }

  #endExtension(): void {
    const bytes = this.#extension;
    this.#extension = this.#block;
    this.#extensions.take(this.#extensionFlag, bytes, this.#extensionSize);
    if (this.#extensionFlag === TYPE_FLAG.paxGlobal) this.#spendText(this.#extensions.globalText);
  }

  #checkNothingPending(): void {
    if (this.#extensions.isPending) throw invalidTar('the tar archive ends after an extension header');
  }

  #skipLabel(bytes: Bytes, at: number): void {
    this.#countEntry();
    const size = labelSize(bytes, at, this.#extensions);
    this.#extensions.endEntry();
    this.#beginRun('skip', size);
  }

  #beginEntry(bytes: Bytes, at: number, end: number): void {
    this.#countEntry();
    const { header, storedSize, blocks } = draftEntry(bytes, at, this.#extensions, this.#limits);
    this.#extensions.endEntry();
    this.#header = header;
    if (blocks === undefined) {
      this.#tellEntry(end, storedSize);
    } else {
      this.#sparse = blocks;
      this.#state = 'sparse';
    }
  }

  #endSparse(blocks: SparseBlocks, end: number): void {
    this.#sparse = undefined;
    const sparse = blocks.finish();
    this.#header.sparse = sparse;
    this.#tellEntry(end, sparse.storedSize);
  }

  /** Its content begins at `offset`. What a directory has there is a list of names and no content. */
  #tellEntry(offset: number, storedSize: number): void {
    const header = this.#header;
    header.offset = offset;
    this.#checkText(header);
    this.#beginRun(header.type === 'file' ? 'content' : 'skip', storedSize);
    this.#options.onEntry(header);
  }

  #countEntry(): void {
    this.#entries++;
    if (this.#entries > this.#limits.maxEntries)
      throw tarLimit(`more than ${this.#limits.maxEntries} entries`);
  }

  #checkText({ name, linkname = '', uname = '', gname = '', xattrs, sparse }: TarHeader): void {
    if (Math.max(name.length, linkname.length) > this.#limits.maxNameLength) {
      throw tarLimit(`a name longer than ${this.#limits.maxNameLength}`);
    }
    let text = name.length + linkname.length + uname.length + gname.length;
    for (const key in xattrs) text += key.length + (xattrs[key] ?? '').length;
    if (sparse !== undefined) text += sparse.segments.length * SEGMENT_TEXT;
    this.#spendText(text);
  }

  #spendText(length: number): void {
    this.#text += length;
    if (this.#text > this.#limits.maxTotalText) {
      throw tarLimit(`more than ${this.#limits.maxTotalText} characters of names`);
    }
  }
}
