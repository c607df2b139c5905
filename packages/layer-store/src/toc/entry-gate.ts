import { DEFAULT_TAR_LIMITS } from '@stowage/core';
import type { TarHeader, TarLimits } from '@stowage/core';
import { parseGoTime } from '@stowage/types';
import type { LayerEntry, LayerEntryType } from '@stowage/types';
import { layerEntryOf } from '../content/layer-entry.ts';
import { beyondLimit, invalidToc } from './toc-error.ts';

const TYPES: Readonly<Record<string, LayerEntryType>> = Object.assign(
  Object.create(null) as Record<string, LayerEntryType>,
  {
    reg: 'file',
    dir: 'dir',
    symlink: 'symlink',
    hardlink: 'hardlink',
    char: 'char',
    block: 'block',
    fifo: 'fifo',
  } satisfies Record<string, LayerEntryType>,
);

/** What an extended attribute costs beside its text, in UTF-16 units. */
export const ATTRIBUTE_TEXT: number = 16;

/** An entry as a table of contents has it, not looked at. */
export interface RawEntry {
  readonly name: string;
  /** `reg`, `dir` and so on. */
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** RFC 3339; empty where there is none. */
  readonly mtime: string;
  readonly linkname: string;
  readonly devmajor: number;
  readonly devminor: number;
  readonly xattrs: readonly (readonly [string, string])[];
  readonly offset: number;
}

/** Lets entries of a table of contents in, by the rules and limits that hold for a tar. */
export class EntryGate {
  readonly #limits: { readonly [Name in keyof TarLimits]-?: number };
  #count = 0;
  #text = 0;

  constructor(limits: TarLimits = {}) {
    const { maxEntries, maxExtensionBytes, maxNameLength, maxSparseSegments, maxTotalText } =
      DEFAULT_TAR_LIMITS;
    this.#limits = {
      maxEntries: limits.maxEntries ?? maxEntries,
      maxExtensionBytes: limits.maxExtensionBytes ?? maxExtensionBytes,
      maxNameLength: limits.maxNameLength ?? maxNameLength,
      maxSparseSegments: limits.maxSparseSegments ?? maxSparseSegments,
      maxTotalText: limits.maxTotalText ?? maxTotalText,
    };
  }

  /** To be asked before a text is decoded that may stand for many. `LIMIT_EXCEEDED`. */
  expectText(length: number): void {
    this.#text += length;
    if (this.#text > this.#limits.maxTotalText) throw beyondLimit('characters', this.#limits.maxTotalText);
  }

  /** `INVALID_ARCHIVE`, `LIMIT_EXCEEDED`. */
  admit(raw: RawEntry): LayerEntry {
    this.#count += 1;
    if (this.#count > this.#limits.maxEntries) throw beyondLimit('entries', this.#limits.maxEntries);
    const type = TYPES[raw.type];
    if (type === undefined) throw invalidToc(`unknown type ${JSON.stringify(raw.type.slice(0, 40))}`);
    this.#checkTexts(raw);
    if (raw.name === '') throw invalidToc('an entry without a name');
    if (type === 'file' && raw.name.endsWith('/')) throw invalidToc('a file whose name ends in a slash');
    const isLink = type === 'symlink' || type === 'hardlink';
    if (type === 'hardlink' && raw.linkname === '') throw invalidToc('a hard link to nothing');
    const { name, mode, uid, gid, offset, linkname } = raw;
    const header: TarHeader = {
      ...{ name, type, size: type === 'file' ? raw.size : 0, mode: mode & 0o7777, uid, gid },
      mtime: secondsOf(raw.mtime),
      ...(isLink ? { linkname } : {}),
      ...(raw.xattrs.length > 0 ? { xattrs: recordOf(raw.xattrs) } : {}),
      ...(type === 'char' || type === 'block' ? { devmajor: raw.devmajor, devminor: raw.devminor } : {}),
      offset,
    };
    return layerEntryOf(header);
  }

  #checkTexts({ name, linkname, xattrs }: RawEntry): void {
    const { maxNameLength, maxExtensionBytes } = this.#limits;
    for (const text of [name, linkname]) {
      if (text.length > maxNameLength) throw beyondLimit('characters in a name:', maxNameLength);
      if (text.includes('\0')) throw invalidToc('NUL in a name');
    }
    let text = 0;
    for (const [key, value] of xattrs) text += ATTRIBUTE_TEXT + key.length + value.length;
    if (text > maxExtensionBytes) throw beyondLimit('characters of attributes:', maxExtensionBytes);
    this.expectText(name.length + linkname.length + text);
  }
}

/** A count out of a table of contents; 0 where there is none. */
export function countOf(value: unknown, what: string): number {
  if (value === undefined) return 0;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw invalidToc(`${what} that is no count`);
  }
  return value;
}

/** Go's zero time stands for none. */
function secondsOf(text: string): number {
  if (text === '' || text.startsWith('0001-01-01T00:00:00')) return 0;
  try {
    const { seconds, nanoseconds } = parseGoTime(text);
    return seconds + nanoseconds / 1e9;
  } catch (error) {
    throw invalidToc('a time that is none', error);
  }
}

function recordOf(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  // Defined, not set: a key may be `__proto__`.
  return Object.fromEntries(pairs);
}
