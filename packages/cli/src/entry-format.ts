import type { LayerEntry, LayerEntryType } from '@stowage/types';
import { printable } from './printable.ts';

const TYPE_LETTERS: Readonly<Record<LayerEntryType, string>> = {
  file: '-',
  dir: 'd',
  symlink: 'l',
  hardlink: 'h',
  char: 'c',
  block: 'b',
  fifo: 'p',
};

/** An entry as `ls -l` and `tar -tv` show it; times are UTC. */
export function formatEntry(entry: LayerEntry): string {
  const { type, uid, gid, size, devmajor = 0, devminor = 0 } = entry;
  const isDevice = type === 'char' || type === 'block';
  const owner = `${String(uid)}/${String(gid)}`;
  const amount = isDevice ? `${String(devmajor)},${String(devminor)}` : String(size);
  // Owner and size share a field, as in tar, so that the columns after them stay in line.
  const space = ' '.repeat(Math.max(1, 19 - owner.length - amount.length));
  return `${formatMode(entry)} ${owner}${space}${amount} ${formatTime(entry.mtime)} ${printable(nameOf(entry))}`;
}

/** Type and permissions in ten letters, for example `-rwsr-xr-x`. */
export function formatMode({ type, mode }: Pick<LayerEntry, 'type' | 'mode'>): string {
  const class3 = (shift: number, special: number, letter: string): string => {
    const bits = mode >> shift;
    const execute = (bits & 1) !== 0;
    const last = (mode & special) === 0 ? (execute ? 'x' : '-') : execute ? letter : letter.toUpperCase();
    return `${(bits & 4) === 0 ? '-' : 'r'}${(bits & 2) === 0 ? '-' : 'w'}${last}`;
  };
  return `${TYPE_LETTERS[type]}${class3(6, 0o4000, 's')}${class3(3, 0o2000, 's')}${class3(0, 0o1000, 't')}`;
}

function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime())
    ? '????-??-?? ??:??'
    : date.toISOString().slice(0, 16).replace('T', ' ');
}

function nameOf({ path, type, linkname = '' }: LayerEntry): string {
  if (type === 'symlink') return `${path} -> ${linkname}`;
  return type === 'hardlink' ? `${path} link to ${linkname}` : path;
}
