import type { LayerEntryType } from '@stowage/types';

// How entries are written: docs/seek-index.md.

/** The number of each type, in the lowest three bits of an entry's head. */
export const TYPES: readonly LayerEntryType[] = [
  'file',
  'dir',
  'symlink',
  'hardlink',
  'char',
  'block',
  'fifo',
];

/** What follows in an entry, or is not as in the entry before: the other bits of its head. */
export const HAS = {
  owner: 0x8,
  mode: 0x10,
  seconds: 0x20,
  fraction: 0x40,
  link: 0x80,
  xattrs: 0x100,
  device: 0x200,
  ownerName: 0x400,
  groupName: 0x800,
  accessTime: 0x1000,
  changeTime: 0x2000,
  sparse: 0x4000,
} as const;

/** The least that an entry takes: its head, three numbers of its path, and one for where it is. */
export const LEAST_ENTRY = 4;

/** A tar stream is in blocks of so many bytes. */
export const BLOCK = 512;

/** Times beyond this are written as numbers with a fraction. */
export const LARGEST_SECONDS: number = 2 ** 50;

/** What an entry is compared with. */
export interface EntryBefore {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The last time that was a whole number of seconds. */
  readonly seconds: number;
  readonly uname: string;
  readonly gname: string;
  /** Where its content ends in the tar stream, padding included. */
  readonly end: number;
}

/** What the first entry is compared with. */
export const BEFORE_FIRST: EntryBefore = {
  mode: 0,
  uid: 0,
  gid: 0,
  seconds: 0,
  uname: '',
  gname: '',
  end: 0,
};
