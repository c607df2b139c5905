import { digestBytes } from '@stowage/core';
import {
  checkV1Id,
  historyFromV1Config,
  isStowageError,
  makeConfigFromV1Config,
  parseV1Image,
  StowageError,
} from '@stowage/types';
import type { AbortOptions, DiffID, History, ImageID, Reference } from '@stowage/types';
import { MAX_CONFIG_BYTES } from '../content/image-config.ts';
import { parseRepositories } from './archive-documents.ts';
import type { ArchiveFiles } from './archive-files.ts';
import type { ResolvedArchiveLimits } from './archive-limits.ts';
import type { LayerBlobs } from './layer-blobs.ts';
import type { PlannedImage, PlannedLayer } from './planned-image.ts';

/** As many layers as an image may have. */
const MAX_LAYERS = 125;

/** An image of version 1, and what it became. */
interface MadeImage extends PlannedImage {
  readonly diffIds: readonly DiffID[];
  readonly history: readonly History[];
}

/**
 * The images of an archive from before docker 1.10: a folder for each layer, with its `json` and its `layer.tar`, and
 * the names in `repositories`. Every folder becomes an image, and so does what it stands on.
 */
export async function planLegacy(
  files: ArchiveFiles,
  blobs: LayerBlobs,
  { maxDocumentBytes, maxImages }: ResolvedArchiveLimits,
  options: AbortOptions,
): Promise<PlannedImage[]> {
  const names = parseRepositories(await files.read('repositories', maxDocumentBytes, options));
  const ids = files.foldersWith('json').filter((folder) => !folder.includes('/'));
  if (ids.length > maxImages) throw new StowageError('LIMIT_EXCEEDED', 'invalid archive: too many images');
  const reader = new LegacyReader(files, blobs);
  for (const id of ids) await reader.make(id, options);
  return reader.named(names);
}

class LegacyReader {
  readonly #files: ArchiveFiles;
  readonly #blobs: LayerBlobs;
  /** In the order in which they were made: parents first. */
  readonly #made = new Map<string, MadeImage>();

  constructor(files: ArchiveFiles, blobs: LayerBlobs) {
    this.#files = files;
    this.#blobs = blobs;
  }

  /** Makes an image, what it stands on first. */
  async make(id: string, options: AbortOptions): Promise<void> {
    const pending: { readonly id: string; readonly json: Uint8Array }[] = [];
    let below: MadeImage | undefined;
    for (let at: string | undefined = id; at !== undefined;) {
      below = this.#made.get(at);
      if (below !== undefined) break;
      if (pending.length === MAX_LAYERS) {
        throw new StowageError('INVALID_ARCHIVE', `invalid archive: image ${id} stands on too many others`);
      }
      checkId(at);
      const json = await this.#files.read(`${at}/json`, MAX_CONFIG_BYTES, options);
      pending.push({ id: at, json });
      const parent = parseV1Image(json).parent ?? '';
      at = parent === '' ? undefined : parent;
    }
    for (const next of pending.reverse()) {
      below = await this.#makeOne(next.id, next.json, below, options);
      this.#made.set(next.id, below);
    }
  }

  named(names: readonly { readonly reference: Reference; readonly id: string }[]): PlannedImage[] {
    const references = new Map<string, Reference[]>();
    for (const { reference, id } of names) {
      if (!this.#made.has(id)) throw new StowageError('INVALID_ARCHIVE', `invalid target ID: ${id}`);
      references.set(id, [...(references.get(id) ?? []), reference]);
    }
    return [...this.#made].map(([id, image]) => ({ ...image, references: references.get(id) ?? [] }));
  }

  async #makeOne(
    id: string,
    json: Uint8Array,
    below: MadeImage | undefined,
    options: AbortOptions,
  ): Promise<MadeImage> {
    const layer: PlannedLayer = { path: `${id}/layer.tar` };
    const { scanned } = await this.#blobs.get(layer, options);
    const diffIds = [...(below?.diffIds ?? []), scanned.diffId];
    const history = [...(below?.history ?? []), historyFromV1Config(json, false)];
    const config = makeConfigFromV1Config(json, { type: 'layers', diff_ids: diffIds }, history);
    return {
      id: (await digestBytes(config)) as ImageID,
      config,
      layers: [...(below?.layers ?? []), layer],
      references: [],
      diffIds,
      history,
      ...(below === undefined ? {} : { parent: below.id, parentIsCertain: true }),
    };
  }
}

function checkId(id: string): void {
  try {
    checkV1Id(id);
  } catch (cause) {
    if (!isStowageError(cause)) throw cause;
    throw new StowageError('INVALID_ARCHIVE', cause.message, { cause });
  }
}
