import { iterate, collect } from '@stowage/core';
import { MEDIA_TYPES, StowageError } from '@stowage/types';
import type { AbortOptions, ContentReader, Descriptor, LayerStore, ScannedLayer } from '@stowage/types';
import type { ArchiveFiles } from './archive-files.ts';
import type { PlannedLayer } from './planned-image.ts';

/** A layer of an archive that is in the content store. */
export interface LayerBlob {
  readonly descriptor: Descriptor;
  readonly scanned: ScannedLayer;
}

/** What layers are found with. */
export interface LayerBlobsDeps {
  readonly content: ContentReader;
  readonly layers: Pick<LayerStore, 'scan'>;
}

/** The layers of an archive as blobs, each looked at once. */
export class LayerBlobs {
  readonly #files: ArchiveFiles;
  readonly #deps: LayerBlobsDeps;
  readonly #known = new Map<string, LayerBlob>();

  constructor(files: ArchiveFiles, deps: LayerBlobsDeps) {
    this.#files = files;
    this.#deps = deps;
  }

  /**
   * @throws `INVALID_ARCHIVE` where the file is not there or is no layer; `SIZE_MISMATCH` where its manifest promises
   *   another size
   */
  async get({ path, descriptor }: PlannedLayer, options: AbortOptions): Promise<LayerBlob> {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const { digest, size, scanned } = await this.#files.blob(path, options);
    if (descriptor !== undefined && descriptor.size !== size) {
      const message = `layer ${digest} has ${String(size)} bytes, its descriptor says ${String(descriptor.size)}`;
      throw new StowageError('SIZE_MISMATCH', message);
    }
    const mediaType = descriptor?.mediaType ?? (await this.#mediaType(digest, size, options));
    const found = { mediaType, digest, size };
    const blob = { descriptor: found, scanned: scanned ?? (await this.#scan(found, options)) };
    this.#known.set(path, blob);
    return blob;
  }

  /** What the first bytes of a layer tell. */
  async #mediaType(digest: Descriptor['digest'], size: number, options: AbortOptions): Promise<string> {
    const length = Math.min(4, size);
    const head = await collect(await this.#deps.content.open(digest, { ...options, length }), {
      maxBytes: length,
    });
    const [a, b, c, d] = head;
    if (a === 0x1f && b === 0x8b) return MEDIA_TYPES.ociLayerGzip;
    if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return MEDIA_TYPES.ociLayerZstd;
    return MEDIA_TYPES.ociLayer;
  }

  /** Reads what was not looked at on the way: a blob that was here before, or one whose scan has failed. */
  async #scan(descriptor: Descriptor, options: AbortOptions): Promise<ScannedLayer> {
    const { content, layers } = this.#deps;
    const scan = await layers.scan(descriptor);
    try {
      for await (const bytes of iterate(await content.open(descriptor.digest, options), options)) {
        await scan.write(bytes, options);
      }
      return await scan.end();
    } finally {
      await scan.cancel();
    }
  }
}
