import { expandSparse } from '@stowage/core';
import type { TarHeader, TarSparse } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { ByteStream, LayerEntry } from '@stowage/types';

/** An entry as a layer's own tar has it. */
export interface TarLayerEntry extends LayerEntry {
  /** Of a sparse file: what of it is stored, one segment after the other from `offset` on. */
  readonly sparse?: TarSparse;
}

/** What a segment of a sparse file costs, in characters of a name. */
const SEGMENT_TEXT = 16;

/** An empty, `.` or `..` segment; the slash that ends a directory's name is cut off before. */
const UNCLEAN = /(?:^|\/)\.{0,2}(?:\/|$)/;

/**
 * A path from the root without slashes around it: `.` and empty segments are dropped, `..` goes up and never beyond
 * the root, which is the empty path. Links are not looked at.
 */
export function cleanPath(name: string): string {
  const path = name.endsWith('/') ? name.slice(0, -1) : name;
  if (!UNCLEAN.test(path)) return path;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments.join('/');
}

/** An entry of a layer from its tar header. `INVALID_ARCHIVE` for one that would put something else in the place of
 * the root. */
export function layerEntryOf(header: TarHeader): TarLayerEntry {
  const { name, ...rest } = header;
  const path = cleanPath(name);
  if (path === '' && header.type !== 'dir') {
    throw new StowageError(
      'INVALID_ARCHIVE',
      `layer entry ${JSON.stringify(name)} would replace the root directory`,
    );
  }
  return { path, ...rest };
}

/** What an entry costs to keep, where an ordinary one costs 1. */
export function costOf({ path, linkname = '', xattrs, sparse }: TarLayerEntry): number {
  let text = path.length + linkname.length;
  if (sparse !== undefined) text += sparse.segments.length * SEGMENT_TEXT;
  for (const key in xattrs) text += key.length + (xattrs[key] ?? '').length;
  return 1 + Math.floor(text / 256);
}

/**
 * A part of the content of a file, of which `open` opens bytes of the tar stream. Holes of a sparse file are zeros.
 */
export function openContent(
  entry: LayerEntry,
  range: { readonly offset: number; readonly length: number },
  open: (offset: number, length: number) => Promise<ByteStream>,
): Promise<ByteStream> {
  const { sparse, size } = entry as TarLayerEntry;
  if (sparse === undefined) return open(entry.offset + range.offset, range.length);
  const openStored = (offset: number, length: number): Promise<ByteStream> =>
    open(entry.offset + offset, length);
  return Promise.resolve(expandSparse({ size, sparse }, openStored, range));
}
