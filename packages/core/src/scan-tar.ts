import type { Bytes } from '@stowage/types';
import { StowageError } from '@stowage/types';
import {
  BLOCK,
  decodeBlock,
  decodeDevice,
  entryTypeOf,
  isZeroBlock,
  paddingOf,
  TYPE_FLAG,
} from './tar-block.ts';
import type { TarBlock } from './tar-block.ts';
import { isExtension, TarExtensions } from './tar-extensions.ts';
import type { TarHeader } from './tar-header.ts';
import { DEFAULT_TAR_LIMITS } from './tar-limits.ts';
import type { TarLimits } from './tar-limits.ts';

export { DEFAULT_TAR_LIMITS } from './tar-limits.ts';
export type { TarLimits } from './tar-limits.ts';

/** What a {@link scanTar} scanner tells, and what it refuses. */
export interface ScanTarOptions {
  /** Told of every entry, before its content. */
  onEntry(header: TarHeader): void;
  /** Told of the content of files, piece by piece. The bytes are a view into what was written: copy them to keep them. */
  onContent?(bytes: Bytes, header: TarHeader): void;
  readonly limits?: TarLimits | undefined;
}

/** Takes a tar stream in pieces of any size and calls back at once. After it has thrown it takes nothing more. */
export interface TarScanner {
  /**
   * Takes the next bytes.
   *
   * @throws `INVALID_ARCHIVE`; `LIMIT_EXCEEDED`; `UNSUPPORTED` for sparse files and unknown kinds of entries
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
 * Scans a tar stream as it goes by: ustar, pax and GNU headers, v7 and star too. Two zero blocks end the archive;
 * whatever follows them is ignored. Sparse files are refused.
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

const NO_HEADER: TarHeader = {
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
  readonly #limits: typeof DEFAULT_TAR_LIMITS;
  #state: 'header' | 'content' | 'extension' | 'padding' | 'end' = 'header';
  #usable = true;
  /** Where the bytes at hand begin in the stream. */
  #base = 0;
  /** Bytes left of content, extension or padding. */
  #left = 0;
  readonly #block: Bytes = new Uint8Array(BLOCK);
  #held = 0;
  #zeroBlock = false;
  #header: TarHeader = NO_HEADER;
  #entries = 0;
  #text = 0;

  #extension: Bytes = this.#block;
  #extensionFlag = 0;
  readonly #extensions = new TarExtensions();

  constructor(options: ScanTarOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_TAR_LIMITS, ...withoutUndefined(options.limits ?? {}) };
  }

  write(bytes: Bytes): void {
    this.#begin();
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case 'header':
          at = this.#takeHeader(bytes, at);
          break;
        case 'content':
          at = this.#takeContent(bytes, at);
          break;
        case 'extension':
          at = this.#takeExtension(bytes, at);
          break;
        case 'padding':
          at = this.#takePadding(bytes, at);
          break;
        case 'end':
          at = bytes.length;
      }
    }
    this.#base += bytes.length;
    this.#usable = true;
  }

  end(): void {
    this.#begin();
    if (this.#state === 'end') return;
    if (this.#state !== 'header' || this.#held > 0) throw invalid('unexpected end of the tar archive');
    this.#checkNothingPending();
  }

  /** A callback that throws, or calls back into the scanner, leaves it between two states: it must not go on. */
  #begin(): void {
    if (!this.#usable) throw new StowageError('INVALID_ARGUMENT', 'the tar scanner has failed or ended');
    this.#usable = false;
  }

  #takeHeader(bytes: Bytes, at: number): number {
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

  #takeContent(bytes: Bytes, at: number): number {
    const taken = Math.min(this.#left, bytes.length - at);
    this.#options.onContent?.(bytes.subarray(at, at + taken), this.#header);
    this.#left -= taken;
    if (this.#left === 0) this.#pad(this.#header.size);
    return at + taken;
  }

  #takeExtension(bytes: Bytes, at: number): number {
    const taken = Math.min(this.#left, bytes.length - at);
    this.#extension.set(bytes.subarray(at, at + taken), this.#extension.length - this.#left);
    this.#left -= taken;
    if (this.#left === 0) this.#endExtension();
    return at + taken;
  }

  #takePadding(bytes: Bytes, at: number): number {
    const taken = Math.min(this.#left, bytes.length - at);
    this.#left -= taken;
    if (this.#left === 0) this.#state = 'header';
    return at + taken;
  }

  #pad(size: number): void {
    this.#left = paddingOf(size);
    this.#state = this.#left === 0 ? 'header' : 'padding';
  }

  #takeBlock(bytes: Bytes, at: number, offset: number): void {
    if (isZeroBlock(bytes, at)) {
      this.#checkNothingPending();
      if (this.#zeroBlock) this.#state = 'end';
      this.#zeroBlock = true;
      return;
    }
    if (this.#zeroBlock) throw invalid('invalid tar header: a lone zero block before it');
    const block = decodeBlock(bytes, at);
    if (isExtension(block.flag)) this.#beginExtension(block);
    else this.#takeEntry(block, bytes, at, offset);
  }

  #beginExtension({ flag, size }: TarBlock): void {
    if (size < 0) throw invalid('invalid tar header: negative size');
    if (size > this.#limits.maxExtensionBytes) throw limit(`an extension header of ${size} bytes`);
    this.#extension = new Uint8Array(size);
    this.#extensionFlag = flag;
    this.#left = size;
    this.#state = 'extension';
    if (size === 0) this.#endExtension();
  }

  #endExtension(): void {
    const bytes = this.#extension;
    this.#extension = this.#block;
    this.#extensions.take(this.#extensionFlag, bytes);
    if (this.#extensionFlag === TYPE_FLAG.paxGlobal) this.#spendText(this.#extensions.globalText);
    this.#pad(bytes.length);
  }

  #checkNothingPending(): void {
    if (this.#extensions.isPending) throw invalid('the tar archive ends after an extension header');
  }

  #takeEntry(block: TarBlock, bytes: Bytes, at: number, offset: number): void {
    if (block.flag === TYPE_FLAG.gnuSparse) {
      throw new StowageError('UNSUPPORTED', `sparse files are not supported: ${block.name}`);
    }
    const type = entryTypeOf(block.flag, this.#extensions.nameOf(block));
    if (type === undefined) {
      throw new StowageError('UNSUPPORTED', `unhandled tar header type ${block.flag}`);
    }
    const header: TarHeader = {
      ...this.#extensions.apply(block, type),
      ...(type === 'char' || type === 'block' ? decodeDevice(bytes, at) : undefined),
      offset,
    };
    this.#checkLimits(header);
    this.#header = header;
    this.#left = header.size;
    if (header.size > 0) this.#state = 'content';
    this.#options.onEntry(header);
  }

  #checkLimits({ name, linkname = '', xattrs }: TarHeader): void {
    this.#entries++;
    if (this.#entries > this.#limits.maxEntries) throw limit(`more than ${this.#limits.maxEntries} entries`);
    if (Math.max(name.length, linkname.length) > this.#limits.maxNameLength) {
      throw limit(`a name longer than ${this.#limits.maxNameLength}`);
    }
    let text = name.length + linkname.length;
    for (const key in xattrs) text += key.length + (xattrs[key] ?? '').length;
    this.#spendText(text);
  }

  #spendText(length: number): void {
    this.#text += length;
    if (this.#text > this.#limits.maxTotalText) {
      throw limit(`more than ${this.#limits.maxTotalText} characters of names`);
    }
  }
}

function withoutUndefined(limits: TarLimits): { readonly [Name in keyof TarLimits]?: number } {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', message);
}

function limit(what: string): StowageError {
  return new StowageError('LIMIT_EXCEEDED', `tar archive refused: ${what}`);
}
