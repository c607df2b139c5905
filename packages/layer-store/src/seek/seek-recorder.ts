import type { LayerStageResult } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { Bytes, Descriptor } from '@stowage/types';
import { costOf } from '../content/layer-entry.ts';
import type { TarLayerEntry } from '../content/layer-entry.ts';
import { chooseCheckpoints } from './choose-checkpoints.ts';
import { assembleSeekIndex } from './encode-seek-index.ts';
import { EntryWriter } from './entry-writer.ts';
import { FORMATS } from './seek-index-form.ts';

/** Collects the index of a layer while its tar stream goes by. Of one with too many entries there is none. */
export class SeekRecorder {
  readonly #maxCost: number;
  #entries: EntryWriter | undefined = new EntryWriter();
  #cost = 0;

  /** @param maxEntries one with long names counts as several */
  constructor(maxEntries: number) {
    this.#maxCost = maxEntries;
  }

  add(entry: TarLayerEntry): void {
    if (this.#entries === undefined) return;
    this.#cost += costOf(entry);
    if (this.#cost > this.#maxCost) this.#entries = undefined;
    else this.#write(this.#entries, entry);
  }

  #write(entries: EntryWriter, entry: TarLayerEntry): void {
    try {
      entries.add(entry);
    } catch (error) {
      // An entry that the form has no room for is no fault of the layer.
      if (!isStowageError(error, 'INVALID_ARGUMENT')) throw error;
      this.#entries = undefined;
    }
  }

  /** The index, in its form; `undefined` where there is none. */
  async encode(
    layer: LayerStageResult<undefined>,
    { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  ): Promise<Bytes | undefined> {
    const { diffId, diffSize } = layer;
    const format = FORMATS.find((one) => one === layer.format);
    if (this.#entries === undefined || format === undefined) return undefined;
    const checkpoints = chooseCheckpoints(layer.checkpoints, { in: size, out: diffSize });
    return assembleSeekIndex(
      { diffId, diffSize, blob: { digest, size }, format, checkpoints },
      this.#entries,
    );
  }
}
