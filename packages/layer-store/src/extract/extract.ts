import * as fs from 'node:fs';
import { resolve, sep } from 'node:path';
import { isStowageError, StowageError } from '@stowage/types';
import type { Layer } from '@stowage/types';
import { buildTree } from '../tree/tree-builder.ts';
import type { ExtractOptions, ExtractResult, Omission } from './extract-options.ts';
import { planExtraction } from './extract-plan.ts';
import type { ExtractPlan, PlannedEntry } from './extract-plan.ts';
import { FileMetadata } from './file-metadata.ts';
import { diskPath } from './file-names.ts';
import { call, storageError, systemCode } from './node-files.ts';
import { makeSpecialFile } from './special-files.ts';
import { Staging } from './staging.ts';
import { writeLayer } from './write-layer.ts';

/** How many names are made at the same time. */
const NAMES_AT_ONCE = 16;
const OWNER_WRITES = 0o200;
/** What tells that trying again is of no use. */
const FINAL = ['INVALID_ARCHIVE', 'LIMIT_EXCEEDED', 'DATA_LOSS'] as const;

/**
 * Unpacks an image into a directory: its layers merged, whiteouts applied, as a container would see it; modes, times,
 * links and holes as the layers have them, owners for root. Only what is there in the end is written, so each layer is
 * read once for its entries, unless its store remembers them, and once for its contents.
 *
 * Everything is made in a directory beside the target, `.NAME.extracting`, that nobody else can enter, and moved into
 * place in one step. Symbolic links are made when all files are written: there is none that a path could lead through,
 * whatever the layers say. Where their targets lead later is up to who uses the directory: as in any root file system,
 * absolute ones mean the root of the image.
 *
 * When it is interrupted, by a kill, a signal or a full disk, the work stays beside the target, and the next call with the
 * same layers and the same target goes on with the first layer that was not done. A loss of power may undo more than a kill
 * does: nothing is synced. Layers that cannot be unpacked leave nothing behind.
 *
 * Extended attributes are never set, because no runtime has a call for it; `onOmission` tells of each file that has some.
 *
 * @param layers base first; hold them until it ends
 * @param options where to, limits, and whose the files are
 * @throws `ALREADY_EXISTS` for a target that is there and no empty directory, `INVALID_ARCHIVE` for layers that cannot
 *   be unpacked, for names that this system cannot tell apart, and on Windows for names that mean something else there,
 *   `LIMIT_EXCEEDED`, `DATA_LOSS`, `UNAVAILABLE` while another process extracts to the same target, `STORAGE` for what
 *   the system refuses, its code as `reason`
 *
 * @example
 * ```ts
 * import { mkdtempSync, readFileSync } from 'node:fs';
 * import { createTarWriter, streamOf } from '@stowage/core';
 * import { openLayerStore } from '@stowage/layer-store';
 * import { extract } from '@stowage/layer-store/node';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const store = await openLayerStore({ storage: createMemoryStorage() });
 * const tar = createTarWriter();
 * const hello = tar.entry({ name: 'etc/motd' }, new TextEncoder().encode('hello'));
 * const layer = await store.register(streamOf(...hello, tar.end()));
 * const to = `${mkdtempSync('/tmp/example-')}/root`;
 * const { entries, bytes } = await extract([layer], { to });
 * console.log(entries, bytes, readFileSync(`${to}/etc/motd`, 'utf8')); // 2 5 hello
 * ```
 */
export async function extract(layers: readonly Layer[], options: ExtractOptions): Promise<ExtractResult> {
  const { to, limits, signal, specialFiles = 'omit' } = options;
  const { owners = process.geteuid?.() === 0 ? 'keep' : 'mine' } = options;
  signal?.throwIfAborted();
  if (to === '' || to.includes('\0')) throw new StowageError('INVALID_ARGUMENT', 'not a path of a directory');
  const root = await buildTree(layers, { signal, maxEntries: limits?.maxEntries });
  const plan = planExtraction(root, { limits, windows: process.platform === 'win32' });
  const target = resolve(to);
  try {
    const key = { layers: layers.map(({ diffId }) => diffId), owners, specialFiles };
    const staging = await Staging.open(target, key);
    try {
      const extraction = new Extraction({
        layers,
        plan,
        staging,
        options: { ...options, owners, specialFiles },
      });
      const omissions = await extraction.run();
      return {
        path: target,
        entries: plan.entries,
        bytes: plan.bytes,
        owners,
        resumedLayers: staging.done ?? 0,
        omissions,
      };
    } catch (error) {
      const useless = systemCode(error) === 'EEXIST' || FINAL.some((code) => isStowageError(error, code));
      await (useless ? staging.remove() : staging.close());
      throw error;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (isStowageError(error)) throw error;
    if (systemCode(error) === 'EEXIST') {
      throw new StowageError('INVALID_ARCHIVE', 'two names of the image are one in this file system', {
        cause: error,
      });
    }
    throw storageError(error);
  }
}

interface ExtractionInit {
  readonly layers: readonly Layer[];
  readonly plan: ExtractPlan;
  readonly staging: Staging;
  readonly options: ExtractOptions & Required<Pick<ExtractOptions, 'owners' | 'specialFiles'>>;
}

/** One extraction, step by step: directories, files by layer, links, and last what is known of the directories. */
class Extraction {
  readonly #init: ExtractionInit;
  readonly #prefix: string;
  readonly #metadata: FileMetadata;
  readonly #omissions: { [What in Omission['what']]: number } = { xattrs: 0, device: 0, fifo: 0 };
  #bytes = 0;

  constructor(init: ExtractionInit) {
    this.#init = init;
    this.#prefix = init.staging.root + sep;
    this.#metadata = new FileMetadata(init.options.owners ?? 'mine');
  }

  async run(): Promise<ExtractResult['omissions']> {
    const { layers, plan, staging } = this.#init;
    const done = staging.done ?? 0;
    if (staging.done === undefined) {
      await this.#each(plan.directories, ({ path }) => this.#makeDirectory(path), 1);
      await staging.save(0);
    } else {
      await this.#clearUnfinished(done);
    }
    for (const layer of layers.slice(0, done)) this.#bytes += bytesOf(plan, layer);
    this.#tell(done);
    await this.#writeLayers(done);
    await this.#each(plan.symlinks, (link) => this.#makeSymlink(link));
    await this.#each(plan.specials, (file) => this.#makeSpecial(file));
    // From the deepest on: what is known of a directory ends with what changes in it, and may close it.
    await this.#each(
      [...plan.directories].reverse(),
      ({ path, entry }) => this.#metadata.applyToPath(diskPath(this.#prefix, path), entry),
      1,
    );
    this.#tellOfAttributes();
    await this.#publish();
    return this.#omissions;
  }

  async #writeLayers(done: number): Promise<void> {
    const { layers, plan, staging, options } = this.#init;
    const written = new Set<Layer>(layers.slice(0, done));
    for (const [index, layer] of layers.entries()) {
      if (index < done) continue;
      const files = written.has(layer) ? undefined : plan.files.get(layer);
      written.add(layer);
      if (files !== undefined) {
        await writeLayer(layer, files, {
          prefix: this.#prefix,
          metadata: this.#metadata,
          signal: options.signal,
          onBytes: (count) => {
            this.#bytes += count;
            this.#tell(index);
          },
        });
      }
      await staging.save(index + 1);
      this.#tell(index + 1);
    }
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
    const layer = layers[done];
    if (layer === undefined) {
      // It came as far as to the directories, which may be closed by now.
      await this.#each(
        plan.directories,
        ({ path }) =>
          call((end) => {
            fs.chmod(diskPath(this.#prefix, path), 0o700, end);
          }),
        1,
      );
    }
    const files = layer === undefined ? plan.specials : (plan.files.get(layer)?.values() ?? []);
    const names = [...files].flatMap(({ path, links }) => [path, ...links]);
    if (layer === undefined) for (const { path } of plan.symlinks) names.push(path);
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

  #tell(layers: number): void {
    const { plan, options } = this.#init;
    const totals = { totalLayers: this.#init.layers.length, totalBytes: plan.bytes };
    options.onProgress?.({ layers, bytes: this.#bytes, ...totals });
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

function bytesOf({ files }: ExtractPlan, layer: Layer): number {
  let sum = 0;
  for (const { entry } of files.get(layer)?.values() ?? []) sum += entry.sparse?.storedSize ?? entry.size;
  return sum;
}
