import * as fs from 'node:fs';
import type { Bytes } from '@stowage/types';
import type { PlannedFile } from './extract-plan.ts';
import { FileContent } from './file-content.ts';
import type { FileMetadata } from './file-metadata.ts';
import { diskPath } from './file-names.ts';
import type { DiskPath } from './file-names.ts';
import { call, CREATE } from './node-files.ts';

/** How many files are written at the same time: each is open. */
const FILES_AT_ONCE = 16;

/** What a {@link FileWriter} works with. */
export interface FileWriterInit {
  /** What stands before the path of every file, a slash at its end. */
  readonly prefix: string;
  readonly metadata: FileMetadata;
}

/** Writes files whose content comes in one after the other, several at the same time. */
export class FileWriter {
  readonly #init: FileWriterInit;
  readonly #queue: (() => Promise<void>)[] = [];
  #running = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  #current: OpenFile | undefined;

  constructor(init: FileWriterInit) {
    this.#init = init;
  }

  /** The content that follows is that of a file. */
  begin(file: PlannedFile): void {
    this.#current = new OpenFile(file, this.#init);
    this.#endIfComplete(this.#current);
  }

  /** Takes the next content, which must not change until `drain` has resolved. */
  content(bytes: Bytes): void {
    const file = this.#current;
    if (file === undefined) return;
    file.content.push(bytes);
    this.#endIfComplete(file);
  }

  /** Waits until everything that was taken is written. Fails with what went wrong, once nothing is written any more. */
  async drain(): Promise<void> {
    if (this.#current?.content.waiting === true) this.#write(this.#current, false);
    while (this.#running > 0) await this.#change();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Waits until nothing is written any more, and closes what is open. Never fails. */
  async end(): Promise<void> {
    this.#queue.length = 0;
    while (this.#running > 0) await this.#change();
    await this.#current?.close();
    this.#current = undefined;
  }

  #endIfComplete(file: OpenFile): void {
    if (!file.content.complete) return;
    this.#current = undefined;
    this.#write(file, true);
  }

  #write(file: OpenFile, last: boolean): void {
    this.#queue.push(() => file.write(last));
    this.#startNext();
  }

  #startNext(): void {
    while (this.#running < FILES_AT_ONCE && this.#failure === undefined) {
      const work = this.#queue.shift();
      if (work === undefined) return;
      this.#running++;
      void this.#run(work);
    }
  }

  async #run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#running--;
    this.#startNext();
    this.#wake?.();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** A file on its way to disk. */
class OpenFile {
  readonly content: FileContent;
  readonly #file: PlannedFile;
  readonly #init: FileWriterInit;
  #fd: number | undefined;

  constructor(file: PlannedFile, init: FileWriterInit) {
    this.#file = file;
    this.#init = init;
    this.content = new FileContent(file.entry);
  }

  async close(): Promise<void> {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined)
      await call((done) => {
        fs.close(fd, done);
      });
  }

  /** Writes what has come in; with the last of it the file gets its metadata and its other names. */
  async write(last: boolean): Promise<void> {
    const { prefix, metadata } = this.#init;
    const { path, entry, links } = this.#file;
    const target = diskPath(prefix, path);
    try {
      this.#fd ??= await openNew(target, metadata.creationMode(entry));
      await this.content.flush(this.#fd);
      if (!last) return;
      await this.content.finish(this.#fd);
      await metadata.applyToFile(this.#fd, entry);
    } catch (error) {
      await this.close();
      throw error;
    }
    await this.close();
    for (const link of links) await addLink(target, diskPath(prefix, link));
  }
}

/** Gives a file another name. It is no symbolic link, which some systems would follow here. */
export async function addLink(target: DiskPath, path: DiskPath): Promise<void> {
  await call((done) => {
    fs.link(target, path, done);
  });
}

function openNew(path: DiskPath, mode: number): Promise<number> {
  return call<number>((done) => {
    fs.open(path, CREATE, mode, done);
  });
}
