import type { TarHeader } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { LayerEntry } from '@stowage/types';

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
export function layerEntryOf(header: TarHeader): LayerEntry {
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
export function costOf({ path, linkname = '', xattrs }: LayerEntry): number {
  let text = path.length + linkname.length;
  for (const key in xattrs) text += key.length + (xattrs[key] ?? '').length;
  return 1 + Math.floor(text / 256);
}
