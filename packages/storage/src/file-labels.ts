import { digestKey, StowageError } from '@stowage/types';
import type { Digest } from '@stowage/types';
import type { FileSystem } from './file-system.ts';
import { readFile, removeDurably, replaceFile, statusIfThere } from './files.ts';
import { mergeLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import { join } from './paths.ts';

/** Above what the limit of the labels themselves comes to in JSON. */
const MAX_BYTES = 8 * 1024 * 1024;

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
    if (Object.keys(labels).length === 0) await removeDurably(this.#fs, path);
    else await replaceFile(this.#fs, path, new TextEncoder().encode(JSON.stringify(labels)));
  }

  #path(digest: Digest): string {
    return join(this.#root, 'metadata', 'content-labels', ...digestKey(digest, '.json').split('/'));
  }
}
