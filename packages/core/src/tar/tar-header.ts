import type { LayerEntryType } from '@stowage/types';
import type { TarSparse } from './tar-sparse.ts';

/**
 * One entry of a tar stream: its own header with everything that extension headers said about it. Its texts are UTF-8,
 * and bytes that are not UTF-8 are kept as well: `encodeTarText` gives the bytes of any text as the archive has them.
 */
export interface TarHeader {
  /** As written, so a directory usually ends in a slash. */
  readonly name: string;
  readonly type: LayerEntryType;
  /** Bytes of content, holes of a sparse file included; 0 for anything but a file. */
  readonly size: number;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The name of the owner, where the archive has one. */
  readonly uname?: string;
  /** The name of the group, where the archive has one. */
  readonly gname?: string;
  /** Seconds since the epoch, possibly with a fraction. */
  readonly mtime: number;
  /** When it was last read, as `mtime`, from a pax record. */
  readonly atime?: number;
  /** When its header was last changed, as `mtime`, from a pax record. */
  readonly ctime?: number;
  /** Where a symbolic or hard link points, as written. */
  readonly linkname?: string;
  /** Extended attributes, from pax records `SCHILY.xattr.*`; `encodeTarText` gives the bytes of a value. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** Of a device. */
  readonly devmajor?: number;
  /** Of a device. */
  readonly devminor?: number;
  /** Of a sparse file: what of it is stored. */
  readonly sparse?: TarSparse;
  /** Where the content, as it is stored, begins in the stream, in bytes. */
  readonly offset: number;
}
