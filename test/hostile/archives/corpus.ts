import type { HostileRow } from './hostile-image.ts';
import { headerRows } from './rows/headers.ts';
import { linkRows } from './rows/links.ts';
import { nameRows } from './rows/names.ts';

/**
 * Every row of the security notes that is about layers, in their order. The suites beside this file look into each of
 * its images, register it and extract it.
 *
 * @param outside a directory that the images try to get at, by an absolute path
 */
export function corpusOf(outside: string): HostileRow[] {
  const rows = [...headerRows(), ...linkRows(outside), ...nameRows(outside)];
  return rows.sort((one, other) => one.row - other.row);
}
