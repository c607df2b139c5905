import { createTarWriter } from '@stowage/core';
import type { TarEntryInit } from '@stowage/core';
import type { LayerLimits } from '@stowage/layer-store';
import type { Bytes, ErrorCode } from '@stowage/types';
import { join } from '../../../packages/layer-store/src/test-support/layers.ts';

// What the corpus of hostile images is made of. Nothing here needs Node.

/** Something in a layer, with what is in it. */
export type Entry = TarEntryInit & { readonly text?: string };

/** An image made to hurt whoever looks into it, and what must come of it. */
export interface HostileImage {
  readonly what: string;
  /** Tar streams, base first. */
  readonly layers: readonly Bytes[];
  /** Of the layer store. */
  readonly limits?: LayerLimits;
  /** What every way into a store answers to the last layer. Default: it is taken. */
  readonly refused?: ErrorCode;
  /** What extraction answers, where a view is no worse for it. Default: it is extracted. */
  readonly unextractable?: ErrorCode;
  /** Whether a file system may take two of its names for one, and extraction be refused for that. Default `false` */
  readonly alike?: boolean;
  /** All that a view shows, and a directory has afterwards, in any order. */
  readonly paths?: readonly string[];
  /** What files hold when they are read through a view. */
  readonly texts?: Readonly<Record<string, string>>;
  /** What reading through a view fails with. */
  readonly unreadable?: Readonly<Record<string, ErrorCode>>;
  /** Permission bits that files have in a view, and afterwards in the directory. */
  readonly modes?: Readonly<Record<string, number>>;
}

/** A row of the table of past advisories in the security notes, with the images that it is about. */
export interface HostileRow {
  readonly row: number;
  readonly advisory: string;
  readonly title: string;
  readonly images: readonly HostileImage[];
}

const encoder = new TextEncoder();

/** A layer of such entries. */
export function layer(...entries: readonly Entry[]): Bytes {
  const writer = createTarWriter();
  const parts = entries.flatMap(({ text = '', ...init }) => writer.entry(init, encoder.encode(text)));
  return join([...parts, writer.end()]);
}

/** A directory, a symbolic link, a hard link. */
export function directory(name: string): Entry {
  return { name: `${name}/`, type: 'dir' };
}

export function symlink(name: string, linkname: string): Entry {
  return { name, type: 'symlink', linkname };
}

export function hardlink(name: string, linkname: string): Entry {
  return { name, type: 'hardlink', linkname };
}

/** An absolute path and the directories above it, as a view names them. */
export function withParents(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** How links lead to a directory of the host, and where each leads in the image. */
export function waysOut(outside: string): [linkname: string, inside: string][] {
  return [
    [outside, outside],
    [`/${outside}/.`, outside],
    [`${'../'.repeat(30)}${outside.slice(1)}`, outside],
    ['../../outside', '/outside'],
    [`/proc/self/root${outside}`, `/proc/self/root${outside}`],
  ];
}
