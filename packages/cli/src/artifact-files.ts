import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { iterate } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { AbortOptions } from '@stowage/types';
import type { PulledFile } from 'stowage';
import { printable } from './printable.ts';

/** How files are written. */
export interface WriteFilesOptions extends AbortOptions {
  /** Whether files that are there are written over. Default `false`. */
  readonly force?: boolean | undefined;
}

/** The longest name of a file or directory, bytes. */
const MAX_PART = 255;
/** Names that Windows keeps for devices, with or without an extension. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * Writes the files of an artifact that have a name into a directory. Their names are those of a stranger: all are looked
 * at before anything is written, and nothing is written outside of the directory, through a link, or over what is there.
 *
 * @returns the names, in the order of the artifact
 * @throws `INVALID_ARGUMENT` for a name that leads elsewhere or comes twice, `ALREADY_EXISTS`
 */
export async function writeArtifactFiles(
  files: readonly PulledFile[],
  directory: string,
  { force = false, signal }: WriteFilesOptions = {},
): Promise<string[]> {
  const named = files.flatMap((file) => (file.title === undefined ? [] : [{ file, title: file.title }]));
  const seen = new Set<string>();
  for (const { title } of named) {
    checkTitle(title);
    if (seen.has(title)) throw invalid(title, 'comes twice');
    seen.add(title);
    if (!force) await checkAbsent(join(directory, title), title);
  }
  for (const { file, title } of named) await write(file, directory, title, { force, signal });
  return named.map(({ title }) => title);
}

/** A relative path, with nothing in it that leads elsewhere on any system. */
function checkTitle(title: string): void {
  for (const part of title.split('/')) {
    const isPlain =
      part !== '' &&
      part !== '.' &&
      part !== '..' &&
      printable(part) === part &&
      !/[\\:]/.test(part) &&
      !/[. ]$/.test(part) &&
      !DEVICE.test(part) &&
      Buffer.byteLength(part) <= MAX_PART;
    if (!isPlain) throw invalid(title, 'is no safe name for a file');
  }
}

async function checkAbsent(path: string, title: string): Promise<void> {
  if ((await kindOf(path)) !== undefined) throw exists(title);
}

async function write(
  file: PulledFile,
  directory: string,
  title: string,
  { force, signal }: AbortOptions & { readonly force: boolean },
): Promise<void> {
  await makeParents(directory, title);
  const path = join(directory, title);
  // Whatever is there now is not followed: a link goes, and a directory stays.
  if (force && (await kindOf(path)) === 'directory') throw exists(title);
  const part = force ? `${path}.${randomUUID()}.part` : path;
  const handle = await open(part, 'wx', 0o600).catch((error: unknown) => {
    throw isCode(error, 'EEXIST') ? exists(title) : error;
  });
  try {
    try {
      for await (const bytes of iterate(await file.open({ signal }), { signal }))
        await handle.writeFile(bytes);
    } finally {
      await handle.close();
    }
    if (force) await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Makes the directories above a file; none of them may be a link. */
async function makeParents(directory: string, title: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  let path = directory;
  for (const part of title.split('/').slice(0, -1)) {
    path = join(path, part);
    const kind = await kindOf(path);
    if (kind === undefined) await mkdir(path);
    else if (kind !== 'directory') throw invalid(title, `leads through ${part}, which is no directory`);
  }
}

async function kindOf(path: string): Promise<'directory' | 'other' | undefined> {
  try {
    return (await lstat(path)).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    // A file where a directory should be has nothing beneath it.
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function exists(title: string): StowageError {
  return new StowageError(
    'ALREADY_EXISTS',
    `${JSON.stringify(title)} is there already; --force writes over it`,
  );
}

function invalid(title: string, what: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', `${JSON.stringify(title)} ${what}`);
}
