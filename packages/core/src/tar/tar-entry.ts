import type { Bytes, LayerEntryType } from '@stowage/types';
import { StowageError } from '@stowage/types';
import { decodeBlock, decodeNumbers, endsInSlash, TYPE_FLAG } from './tar-block.ts';
import type { TarBlock } from './tar-block.ts';
import { invalidTar } from './tar-error.ts';
import type { TarExtensions } from './tar-extensions.ts';
import type { TarHeader } from './tar-header.ts';
import type { ResolvedTarLimits } from './tar-limits.ts';
import { paxCount } from './tar-pax.ts';
import { OldGnuSparseBlocks, SparseMap, TextSparseBlocks } from './tar-sparse.ts';
import type { SparseBlocks, TarSparse } from './tar-sparse.ts';

// An entry from its header block and what extension headers said. Internal to the tar files.

const TYPES: Readonly<Record<number, LayerEntryType>> = {
  [TYPE_FLAG.file]: 'file',
  [TYPE_FLAG.hardlink]: 'hardlink',
  [TYPE_FLAG.symlink]: 'symlink',
  [TYPE_FLAG.char]: 'char',
  [TYPE_FLAG.block]: 'block',
  [TYPE_FLAG.dir]: 'dir',
  [TYPE_FLAG.fifo]: 'fifo',
  [TYPE_FLAG.contiguous]: 'file',
  [TYPE_FLAG.gnuSparse]: 'file',
  [TYPE_FLAG.gnuDumpDir]: 'dir',
};

/** The directory that GNU tar puts into the path of a sparse file, with the number of its process. */
const STAND_IN = /(?:^|\/)GNUSparseFile\.[0-9]+\//;

/** A header that is still being made. */
export type OpenTarHeader = { -readonly [Name in keyof TarHeader]: TarHeader[Name] };

/** An entry as far as its header block goes. */
export interface TarDraft {
  readonly header: OpenTarHeader;
  /** Bytes that follow; of a sparse file without those of `blocks` where they are no part of its size. */
  readonly storedSize: number;
  /** What reads the blocks of a sparse map that come next. */
  readonly blocks?: SparseBlocks;
}

/** Drafts the entry whose header block is at `at`. `INVALID_ARCHIVE`, `LIMIT_EXCEEDED`, `UNSUPPORTED`. */
export function draftEntry(
  bytes: Bytes,
  at: number,
  extensions: TarExtensions,
  limits: ResolvedTarLimits,
): TarDraft {
  const block = decodeBlock(bytes, at);
  const name = extensions.name ?? block.name;
  const type = typeOf(block, name, bytes, at);
  const storedSize = storedSizeOf(block, type, extensions);
  const header: OpenTarHeader = {
    name,
    type,
    size: type === 'file' ? storedSize : 0,
    mode: block.numbers.mode & 0o7777,
    uid: extensions.count('uid') ?? block.numbers.uid,
    gid: extensions.count('gid') ?? block.numbers.gid,
    mtime: extensions.time('mtime') ?? block.numbers.mtime,
    offset: 0,
  };
  addOptional(header, block, extensions);
  if (block.flag === TYPE_FLAG.gnuSparse) return oldGnuSparse(header, block, bytes, at, extensions, limits);
  if (!extensions.isSparse) return { header, storedSize };
  // GNU tar looks for such a map in a ustar header only.
  if (!block.isUstar) throw invalidTar('a pax sparse file in another format');
  return paxSparse(header, extensions, limits);
}

/** The bytes that follow the header of an archive's label, which is no entry. */
export function labelSize(bytes: Bytes, at: number, extensions: TarExtensions): number {
  return extensions.count('size') ?? decodeNumbers(bytes, at).size;
}

/** A v7 archive marks a directory only by the slash at the end of its name. */
function typeOf({ flag }: TarBlock, name: string, bytes: Bytes, at: number): LayerEntryType {
  const slash = name.endsWith('/');
  if (flag === TYPE_FLAG.v7File) {
    // Python goes by the name in the block, GNU tar and Go by that of an extension header.
    if (slash !== endsInSlash(bytes, at))
      throw invalidTar('a name that says it is a directory, and one that does not');
    return slash ? 'dir' : 'file';
  }
  const type = TYPES[flag];
  if (type === undefined) throw new StowageError('UNSUPPORTED', `unhandled tar header type ${flag}`);
  // To GNU tar it is a directory, to others a file.
  if (type === 'file' && slash) throw invalidTar('a file whose name ends in a slash');
  return type;
}

/** The bytes that follow the header. Where readers differ in whether there are any, the archive is refused. */
function storedSizeOf(block: TarBlock, type: LayerEntryType, extensions: TarExtensions): number {
  const record = extensions.count('size');
  const size = record ?? block.numbers.size;
  if (type === 'file' || block.flag === TYPE_FLAG.gnuDumpDir) return size;
  // Some writers give a directory the size that it has on a disk, and a hard link that of its target.
  const isHarmless =
    type === 'dir' ? block.flag === TYPE_FLAG.dir : type === 'hardlink' && (record ?? 0) === 0;
  if (size > 0 && !isHarmless) throw invalidTar(`a ${type} with content`);
  return 0;
}

function addOptional(header: OpenTarHeader, block: TarBlock, extensions: TarExtensions): void {
  const uname = extensions.record('uname') ?? block.uname;
  const gname = extensions.record('gname') ?? block.gname;
  if (uname !== '') header.uname = uname;
  if (gname !== '') header.gname = gname;
  const linkname = extensions.linkname;
  if (header.type === 'symlink' || header.type === 'hardlink') header.linkname = linkname ?? block.linkname;
  // GNU tar takes it for a link to the directory that it unpacks to.
  if (header.type === 'hardlink' && header.linkname === '') throw invalidTar('a hard link to nothing');
  if (header.type === 'char' || header.type === 'block') {
    header.devmajor = block.numbers.devmajor;
    header.devminor = block.numbers.devminor;
  }
  const atime = extensions.time('atime');
  const ctime = extensions.time('ctime');
  const xattrs = extensions.xattrs;
  if (atime !== undefined) header.atime = atime;
  if (ctime !== undefined) header.ctime = ctime;
  if (xattrs !== undefined) header.xattrs = xattrs;
}

function oldGnuSparse(
  header: OpenTarHeader,
  { numbers, isGnu }: TarBlock,
  bytes: Bytes,
  at: number,
  extensions: TarExtensions,
  limits: ResolvedTarLimits,
): TarDraft {
  if (!isGnu) throw invalidTar('a GNU sparse file in another format');
  if (extensions.isSparse) throw invalidTar('two sparse maps for one entry');
  checkNoSizeRecord(extensions);
  const blocks = new OldGnuSparseBlocks(bytes, at, numbers.size, limits.maxSparseSegments);
  header.size = blocks.realSize;
  if (blocks.hasBlocks) return { header, storedSize: numbers.size, blocks };
  return complete(header, blocks.finish());
}

/** Formats 0.0, 0.1 and 1.0 (the manual of GNU tar, "Storing Sparse Files"). */
function paxSparse(header: OpenTarHeader, extensions: TarExtensions, limits: ResolvedTarLimits): TarDraft {
  if (header.type !== 'file') throw invalidTar(`a sparse map of a ${header.type}`);
  checkNoSizeRecord(extensions);
  const storedSize = header.size;
  const [major, minor] = [extensions.sparse('major'), extensions.sparse('minor')];
  const realSize = extensions.sparse('realsize') ?? extensions.sparse('size');
  if (realSize === undefined) throw invalidTar('invalid sparse map: no size of the file');
  header.size = paxCount('GNU.sparse.size', realSize);
  header.name = sparseName(extensions) ?? header.name;
  const map = new SparseMap(header.size, limits.maxSparseSegments);
  if (major === '1' && minor === '0') {
    const maxBytes = limits.maxExtensionBytes;
    const blocks = new TextSparseBlocks(map, storedSize, { maxSegments: limits.maxSparseSegments, maxBytes });
    return { header, storedSize, blocks };
  }
  // Before 1.0 the version went without saying.
  if ((major ?? '0') !== '0' || !['0', '1'].includes(minor ?? '0')) {
    const version = `${major ?? ''}.${minor ?? ''}`;
    throw new StowageError('UNSUPPORTED', `sparse files of format ${version} are not supported`);
  }
  const numbers = sparseNumbers(extensions);
  for (let i = 0; i < numbers.length; i += 2) map.add(numbers[i] ?? 0, numbers[i + 1] ?? 0);
  return complete(header, map.finish(storedSize));
}

/**
 * The name of a sparse file. What stands elsewhere is for readers that do not know it: Python prefers a path that comes
 * after it, so no other path than such a stand-in may.
 */
function sparseName(extensions: TarExtensions): string | undefined {
  const name = extensions.sparse('name');
  const path = extensions.record('path');
  if (name !== undefined && (extensions.hasLongName || (path !== undefined && !STAND_IN.test(path)))) {
    throw invalidTar('two names for one sparse file');
  }
  if (name === '' || name?.endsWith('/') === true) throw invalidTar('invalid name of a sparse file');
  return name;
}

/** Offsets and sizes in turns. */
function sparseNumbers(extensions: TarExtensions): number[] {
  const pairs = extensions.sparsePairs;
  const list = extensions.sparse('map');
  if (list !== undefined && pairs.length > 0) throw invalidTar('two sparse maps for one entry');
  const texts = list === undefined ? pairs : list.split(',');
  const numbers = texts.map((text) => paxCount('GNU.sparse.map', text));
  if (numbers.length !== 2 * paxCount('GNU.sparse.numblocks', extensions.sparse('numblocks') ?? '')) {
    throw invalidTar('invalid sparse map: another number of segments');
  }
  return numbers;
}

function complete(header: OpenTarHeader, sparse: TarSparse): TarDraft {
  header.sparse = sparse;
  return { header, storedSize: sparse.storedSize };
}

/** GNU tar takes it for what is stored, Python for either size. */
function checkNoSizeRecord(extensions: TarExtensions): void {
  if (extensions.record('size') !== undefined) throw invalidTar('a sparse file with a pax size');
}
