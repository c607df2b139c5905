import * as fs from 'node:fs';
import { sep } from 'node:path';
import type { LayerReader, LayerTarReader } from '@stowage/types';
import type { ExtractOptions, ExtractResult, Omission } from './extract-options.ts';
import type { ExtractPlan, PlannedEntry, PlannedFile } from './extract-plan.ts';
import { FileMetadata } from './file-metadata.ts';
import { diskPath } from './file-names.ts';
import { call, systemCode } from './node-files.ts';
import { makeSpecialFile } from './special-files.ts';
import type { Staging } from './staging.ts';
import { writeLayer } from './write-layer.ts';

/** How many names are made at the same time. */
const NAMES_AT_ONCE = 16;
/** How many layers are inflated at the same time. */
const LAYERS_AT_ONCE = 3;
const OWNER_WRITES = 0o200;

/** What an {@link Extraction} works with. */
export interface ExtractionInit {
  readonly layers: readonly LayerTarReader[];
  readonly plan: ExtractPlan;
  readonly staging: Staging;
  readonly options: ExtractOptions & Required<Pick<ExtractOptions, 'owners' | 'specialFiles'>>;
}

/** One extraction, step by step: directories, files by layer, links, and last what is known of the directories. */
export class Extraction {
  readonly #init: ExtractionInit;
  readonly #prefix: string;
  readonly #metadata: FileMetadata;
  readonly #omissions: { [What in Omission['what']]: number } = { xattrs: 0, device: 0, fifo: 0 };
  #bytes = 0;
  /** The layers that are done, by their places, and how many from the base on are. */
  readonly #written = new Set<number>();
  #done = 0;
  #saving: Promise<void> = Promise.resolve();

  constructor(init: ExtractionInit) {
    this.#init = init;
    this.#prefix = init.staging.root + sep;
    this.#metadata = new FileMetadata(init.options.owners ?? 'mine');
  }

  /** Does all of it. Answers what was left out. */
  async run(): Promise<ExtractResult['omissions']> {
    const { layers, plan, staging } = this.#init;
    const done = staging.done ?? 0;
    if (staging.done === undefined) {
      await this.#eachDirectory(byDepth(plan), ({ path }) => this.#makeDirectory(path));
      await staging.save(0);
    } else {
      await this.#clearUnfinished(done);
    }
    for (const [index, layer] of layers.slice(0, done).entries()) {
      this.#bytes += bytesOf(plan, layer);
      this.#written.add(index);
    }
    this.#done = done;
    this.#tell();
    await this.#writeLayers();
    await this.#each(plan.symlinks, (link) => this.#makeSymlink(link));
    await this.#each(plan.specials, (file) => this.#makeSpecial(file));
    // From the deepest on: what is known of a directory ends with what changes in it, and may close it.
    await this.#eachDirectory(byDepth(plan).reverse(), ({ path, entry }) =>
      this.#metadata.applyToPath(diskPath(this.#prefix, path), entry),
    );
    this.#tellOfAttributes();
    await this.#publish();
    return this.#omissions;
  }

  /** The plan has each file once, so that layers need not wait for one another. */
  async #writeLayers(): Promise<void> {
    const { layers, plan, options } = this.#init;
    const failure = new AbortController();
    const signal = AbortSignal.any([
      failure.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    const write = async ([index, layer]: [number, LayerTarReader]): Promise<void> => {
      // A layer that is there twice has its files in the plan once.
      const files = layers.indexOf(layer) === index ? plan.files.get(layer) : undefined;
      try {
        if (files !== undefined) await this.#writeLayer(layer, files, signal);
        signal.throwIfAborted();
        await this.#finish(index);
      } catch (error) {
        failure.abort(error);
        throw error;
      }
    };
    await this.#each([...layers.entries()].slice(this.#done), write, LAYERS_AT_ONCE);
  }

  #writeLayer(
    layer: LayerTarReader,
    files: ReadonlyMap<number, PlannedFile>,
    signal: AbortSignal,
  ): Promise<void> {
    return writeLayer(layer, files, {
      prefix: this.#prefix,
      metadata: this.#metadata,
      signal,
      onBytes: (count) => {
        this.#bytes += count;
        this.#tell();
      },
    });
  }

  /** Notes that a layer is done. Only what is done from the base on counts when an extraction goes on. */
  async #finish(index: number): Promise<void> {
    const before = this.#done;
    this.#written.add(index);
    while (this.#written.has(this.#done)) this.#done++;
    const done = this.#done;
    if (done > before) this.#saving = this.#saving.then(() => this.#init.staging.save(done));
    await this.#saving;
    this.#tell();
  }

  async #publish(): Promise<void> {
    const { plan, staging } = this.#init;
    const { root } = plan;
    // A directory that its owner cannot write to cannot be moved.
    const movable = (root.mode & OWNER_WRITES) !== 0;
    if (movable) await this.#metadata.applyToPath(staging.root, root);
    this.#init.options.signal?.throwIfAborted();
    const path = await staging.publish();
    if (!movable) await this.#metadata.applyToPath(path, root);
  }

  /** Takes away what an interrupted call may have left half done, so that everything is made anew. */
  async #clearUnfinished(done: number): Promise<void> {
    const { layers, plan } = this.#init;
    const left = layers.slice(done);
    if (left.length === 0) {
      // It came as far as to the directories, which may be closed by now.
      await this.#eachDirectory(byDepth(plan), ({ path }) =>
        call((end) => {
          fs.chmod(diskPath(this.#prefix, path), 0o700, end);
        }),
      );
    }
    const files =
      left.length === 0
        ? plan.specials
        : left.flatMap((layer) => [...(plan.files.get(layer)?.values() ?? [])]);
    const names = files.flatMap(({ path, links }) => [path, ...links]);
    if (left.length === 0) for (const { path } of plan.symlinks) names.push(path);
    await this.#each(names, (path) => this.#removeFile(path));
  }

  async #removeFile(path: string): Promise<void> {
    try {
      await call((done) => {
        fs.unlink(diskPath(this.#prefix, path), done);
      });
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }

  #makeDirectory(path: string): Promise<void> {
    return call((done) => {
      fs.mkdir(diskPath(this.#prefix, path), 0o700, done);
    });
  }

  async #makeSymlink({ path, entry }: PlannedEntry): Promise<void> {
    const link = diskPath(this.#prefix, path);
    await call((done) => {
      fs.symlink(diskPath('', entry.linkname ?? ''), link, done);
    });
    await this.#metadata.applyToLink(link, entry);
  }

  #makeSpecial(file: ExtractPlan['specials'][number]): Promise<void> {
    const { specialFiles, signal } = this.#init.options;
    return makeSpecialFile(file, {
      prefix: this.#prefix,
      metadata: this.#metadata,
      mode: specialFiles ?? 'omit',
      signal,
      onOmission: (omission) => {
        this.#omit(omission);
      },
    });
  }

  #tellOfAttributes(): void {
    const { plan } = this.#init;
    const reason = 'no runtime has a call that sets extended attributes';
    const tell = ({ path, entry }: PlannedEntry): void => {
      for (const _key in entry.xattrs) {
        this.#omit({ what: 'xattrs', path, reason });
        return;
      }
    };
    tell({ path: '', entry: plan.root });
    plan.directories.forEach(tell);
    for (const files of plan.files.values()) files.forEach(tell);
    plan.symlinks.forEach(tell);
    plan.specials.forEach(tell);
  }

  #omit(omission: Omission): void {
    this.#omissions[omission.what]++;
    this.#init.options.onOmission?.(omission);
  }

  #tell(): void {
    const { plan, options } = this.#init;
    const totals = { totalLayers: this.#init.layers.length, totalBytes: plan.bytes };
    options.onProgress?.({ layers: this.#done, bytes: this.#bytes, ...totals });
  }

  /** Does something with every directory, those of one depth together: not before the ones above it, or beneath. */
  async #eachDirectory(
    levels: readonly (readonly PlannedEntry[])[],
    work: (directory: PlannedEntry) => Promise<void>,
  ): Promise<void> {
    for (const level of levels) await this.#each(level, work);
  }

  /** Does something with every item, several at a time, in their order. */
  async #each<T>(
    items: Iterable<T>,
    work: (item: T) => Promise<void>,
    atOnce = NAMES_AT_ONCE,
  ): Promise<void> {
    const { signal } = this.#init.options;
    const queue = items[Symbol.iterator]();
    let failed = false;
    const take = async (): Promise<void> => {
      for (let next = queue.next(); next.done !== true && !failed; next = queue.next()) {
        signal?.throwIfAborted();
        await work(next.value);
      }
    };
    const takers = Array.from({ length: atOnce }, () =>
      take().catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    );
    const results = await Promise.allSettled(takers);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

/** The directories, those at the top first. */
function byDepth({ directories }: ExtractPlan): PlannedEntry[][] {
  const levels: PlannedEntry[][] = [];
  for (const directory of directories) {
    const depth = directory.path.split('/').length - 1;
    (levels[depth] ??= []).push(directory);
  }
  return levels;
}

function bytesOf({ files }: ExtractPlan, layer: LayerReader): number {
  let sum = 0;
  for (const { entry } of files.get(layer)?.values() ?? []) sum += entry.sparse?.storedSize ?? entry.size;
  return sum;
}
