import type { Bytes } from '@stowage/types';
import { BLOCK } from './tar-block.ts';

// A ustar header block from its fields. Internal to the tar files.

/** The most that the field of an owner or a device holds. */
export const MAX_ID = 0o7777777;
/** The most that the field of the size or the time holds. */
export const MAX_SIZE = 0o77777777777;

const encoder = new TextEncoder();

/** The fields of a ustar header. They fit. */
export interface BlockInit {
  readonly flag: string;
  readonly name: string;
  readonly prefix: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly linkname: string;
  readonly uname: string;
  readonly gname: string;
  readonly devmajor: number;
  readonly devminor: number;
}

/** Makes the block, checksum included. */
export function encodeBlock(header: BlockInit): Bytes {
  const block = new Uint8Array(BLOCK);
  const text = (at: number, value: string): void => {
    encoder.encodeInto(value, block.subarray(at));
  };
  const octal = (at: number, digits: number, value: number): void => {
    text(at, value.toString(8).padStart(digits, '0'));
  };
  text(0, header.name);
  octal(100, 7, header.mode);
  octal(108, 7, header.uid);
  octal(116, 7, header.gid);
  octal(124, 11, header.size);
  octal(136, 11, header.mtime);
  text(148, '        ');
  text(156, header.flag);
  text(157, header.linkname);
  text(257, 'ustar\x0000');
  text(265, header.uname);
  text(297, header.gname);
  octal(329, 7, header.devmajor);
  octal(337, 7, header.devminor);
  text(345, header.prefix);
  const sum = block.reduce((all, byte) => all + byte, 0);
  octal(148, 6, sum);
  block[154] = 0;
  return block;
}

/** The two fields of a ustar name, or `undefined` where the name needs a pax header. */
export function placeName(name: string): { name: string; prefix: string } | undefined {
  if (/[\u0080-\uffff]/.test(name)) return undefined;
  if (name.length <= 100) return { name, prefix: '' };
  // The last slash that leaves at most 155 bytes before it, and something after it.
  const slash = name.lastIndexOf('/', Math.min(155, name.length - 2));
  if (slash <= 0 || name.length - slash - 1 > 100) return undefined;
  return { name: name.slice(slash + 1), prefix: name.slice(0, slash) };
}
