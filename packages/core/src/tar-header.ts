import type { LayerEntryType } from '@stowage/types';

/** One entry of a tar stream: its own header with everything that extension headers said about it. */
export interface TarHeader {
  /** As written, so a directory usually ends in a slash. A name that is not UTF-8 is read as Latin-1. */
  readonly name: string;
  readonly type: LayerEntryType;
  /** Bytes of content; 0 for anything but a file. */
  readonly size: number;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch, possibly with a fraction. */
  readonly mtime: number;
  /** Where a symbolic or hard link points, as written. */
  readonly linkname?: string;
  /** Extended attributes, from pax records `SCHILY.xattr.*`. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** Of a device. */
  readonly devmajor?: number;
  /** Of a device. */
  readonly devminor?: number;
  /** Where the content begins in the stream, in bytes. */
  readonly offset: number;
}
