import { buildOciIndex, encodeOciLayout, formatReference } from '@stowage/types';
import type { AbortOptions, Bytes, ByteStream, Descriptor, Digest } from '@stowage/types';
import { digestBytes } from '@stowage/core';
import { fileOf } from './archive-entries.ts';
import type { ArchiveEntry } from './archive-entries.ts';
import { pathOfDigest } from './archive-paths.ts';
import type { SavedImage } from './saved-image.ts';

/** Collects the files of an OCI image layout, each blob once. */
export class LayoutEntries {
  readonly #entries = new Map<string, ArchiveEntry>();
  readonly #manifests: Descriptor[] = [];

  constructor() {
    this.#dir('blobs');
    this.add(fileOf('oci-layout', encodeOciLayout()));
  }

  add(entry: ArchiveEntry): void {
    this.#entries.set(entry.name, entry);
  }

  /** A blob whose content is opened when its turn comes. */
  blob(digest: Digest, size: number, open: (options: AbortOptions) => Promise<ByteStream>): void {
    const name = pathOfDigest(digest);
    this.#dir(name.slice(0, name.lastIndexOf('/')));
    if (!this.#entries.has(name)) this.add({ type: 'file', name, size, open });
  }

  /** A blob that is here. */
  async bytes(bytes: Bytes, mediaType: string): Promise<Descriptor> {
    const digest = await digestBytes(bytes);
    const { open } = fileOf('', bytes);
    this.blob(digest, bytes.length, open);
    return { mediaType, digest, size: bytes.length };
  }

  /** Enters an image into the index: once for each of its tags, or without a name. */
  image({ tags }: SavedImage, manifest: Descriptor): void {
    if (tags.length === 0) this.#manifests.push(manifest);
    for (const reference of tags) {
      const annotations = {
        'io.containerd.image.name': formatReference(reference),
        'org.opencontainers.image.ref.name': reference.tag ?? '',
      };
      this.#manifests.push({ ...manifest, annotations });
    }
  }

  /** Closes the layout with its `index.json`. */
  finish(): ArchiveEntry[] {
    this.add(fileOf('index.json', buildOciIndex({ manifests: this.#manifests }, { indent: '' })));
    return [...this.#entries.values()];
  }

  #dir(name: string): void {
    if (!this.#entries.has(name)) this.add({ type: 'dir', name });
  }
}
