import { digestKey, StowageError } from '@stowage/types';
import type { Digest } from '@stowage/types';
import type { FileSystem } from './file-system.ts';
import {
  ifThere,
  readFile,
  removeDurably,
  removeIfThere,
  replaceFile,
  statusIfThere,
  sweepTemporary,
} from './files.ts';
import type { WriteOptions } from './files.ts';
import { mergeLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import { join } from './paths.ts';

/** Above what the limit of the labels themselves comes to in JSON. */
const MAX_BYTES = 8 * 1024 * 1024;
const DIRECTORY = 'metadata/content-labels';

/** The labels of blobs, a file for each blob that has any. */
export class FileLabels {
  readonly #fs: FileSystem;
  readonly #root: string;

  constructor(fs: FileSystem, root: string) {
    this.#fs = fs;
    this.#root = root;
  }

  /** `DATA_LOSS` when the file is damaged. */
  async read(digest: Digest): Promise<Labels> {
    const path = this.#path(digest);
    const bytes = await readFile(this.#fs, path, MAX_BYTES);
    if (bytes === undefined) return {};
    try {
      return mergeLabels({}, JSON.parse(new TextDecoder().decode(bytes)) as Labels);
    } catch (cause) {
      throw new StowageError('DATA_LOSS', `${path} is damaged`, { cause });
    }
  }

  async exist(digest: Digest): Promise<boolean> {
    return (await statusIfThere(this.#fs, this.#path(digest))) !== undefined;
  }

  async write(digest: Digest, labels: Labels): Promise<void> {
    const path = this.#path(digest);
    if (Object.keys(labels).length === 0) await this.remove(digest);
    else await replaceFile(this.#fs, path, new TextEncoder().encode(JSON.stringify(labels)));
  }

  async remove(digest: Digest, { durable = true }: WriteOptions = {}): Promise<void> {
    await (durable ? removeDurably : removeIfThere)(this.#fs, this.#path(digest));
  }

  /** Removes files that were being written when somebody died. */
  async sweep(algorithm: string, now: number): Promise<void> {
    const directory = join(this.#root, DIRECTORY, algorithm);
    const entries = (await ifThere(this.#fs.list(directory))) ?? [];
    await sweepTemporary(this.#fs, directory, entries, now);
  }

  #path(digest: Digest): string {
    return join(this.#root, DIRECTORY, ...digestKey(digest, '.json').split('/'));
  }
}
