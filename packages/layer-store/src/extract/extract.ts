import { resolve } from 'node:path';
import { isStowageError, StowageError } from '@stowage/types';
import type { LayerTarReader } from '@stowage/types';
import { buildTree } from '../tree/tree-builder.ts';
import type { ExtractOptions, ExtractResult } from './extract-options.ts';
import { planExtraction } from './extract-plan.ts';
import { Extraction } from './extraction.ts';
import { hostNameRules } from './file-names.ts';
import { storageError, systemCode } from './node-files.ts';
import { Staging } from './staging.ts';

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
 * The directory above the target must be one in which nobody else can rename what is ours: its own, or a sticky one.
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
 *   `LIMIT_EXCEEDED`, `DATA_LOSS`, `UNSUPPORTED` in Deno for names that are not UTF-8, `UNAVAILABLE` while another process extracts to the same target, `STORAGE` for what
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
export async function extract(
  layers: readonly LayerTarReader[],
  options: ExtractOptions,
): Promise<ExtractResult> {
  const { to, limits, signal, specialFiles = 'omit' } = options;
  const { owners = process.geteuid?.() === 0 ? 'keep' : 'mine' } = options;
  signal?.throwIfAborted();
  if (to === '' || to.includes('\0')) throw new StowageError('INVALID_ARGUMENT', 'not a path of a directory');
  const root = await buildTree(layers, { signal, maxEntries: limits?.maxEntries });
  const plan = planExtraction(root, { limits, names: hostNameRules() });
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
