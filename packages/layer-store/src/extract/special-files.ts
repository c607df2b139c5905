import { execFile } from 'node:child_process';
import type { Omission } from './extract-options.ts';
import type { PlannedFile } from './extract-plan.ts';
import type { FileMetadata } from './file-metadata.ts';
import { diskPath } from './file-names.ts';
import { addLink } from './file-writer.ts';

const LETTERS = { char: 'c', block: 'b', fifo: 'p' } as const;

/** What {@link makeSpecialFile} works with. */
export interface SpecialFileOptions {
  readonly prefix: string;
  readonly metadata: FileMetadata;
  readonly mode: 'omit' | 'mknod';
  onOmission(omission: Omission): void;
  readonly signal?: AbortSignal | undefined;
}

/** Makes a device or a fifo with all its names, or tells why not. */
export async function makeSpecialFile(file: PlannedFile, options: SpecialFileOptions): Promise<void> {
  const reason = options.mode === 'omit' ? 'special files were not asked for' : await make(file, options);
  if (reason === undefined) return;
  const what = file.entry.type === 'fifo' ? 'fifo' : 'device';
  for (const path of [file.path, ...file.links]) options.onOmission({ what, path, reason });
}

async function make(file: PlannedFile, options: SpecialFileOptions): Promise<string | undefined> {
  const { prefix, metadata } = options;
  const { path, entry, links } = file;
  const target = diskPath(prefix, path);
  if (typeof target !== 'string') return 'its name is not UTF-8, which arguments of programs are';
  const { type, devmajor = 0, devminor = 0 } = entry;
  const letter = LETTERS[type as keyof typeof LETTERS];
  const numbers = letter === 'p' ? [] : [String(devmajor), String(devminor)];
  try {
    await mknod([target, letter, ...numbers], options);
  } catch (error) {
    options.signal?.throwIfAborted();
    return error instanceof Error ? error.message.trim() : String(error);
  }
  await metadata.applyToPath(target, entry);
  for (const link of links) await addLink(target, diskPath(prefix, link));
  return undefined;
}

/** The path is absolute, so it is never an option; and nobody else can reach the directory that it is in. */
function mknod(args: readonly string[], { signal }: SpecialFileOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { signal, env: { PATH: process.env['PATH'], LC_ALL: 'C' } };
    execFile('mknod', args, options, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(stderr === '' ? error : new Error(stderr));
    });
  });
}
