import type { TarEntryInit } from '@stowage/core';
import type { Bytes, Descriptor, Digest, DiffID, Fetch } from '@stowage/types';
/** An entry of a layer to build: what the tar header says, and the content of a file. */
export interface EntryToBuild extends TarEntryInit {
  readonly content?: string | Bytes;
}
/** A layer as it lies in a registry. */
export interface BuiltLayer {
  readonly descriptor: Descriptor;
  readonly diffId: DiffID;
  readonly bytes: Bytes;
}
/** An image as it lies in a registry. */
export interface BuiltImage {
  readonly descriptor: Descriptor;
  readonly manifest: Bytes;
  readonly config: {
    readonly descriptor: Descriptor;
    readonly bytes: Bytes;
  };
  readonly layers: readonly BuiltLayer[];
}
/** Builds an OCI image of gzip layers, base first. The same input gives the same bytes. */
export declare function buildImage(
  layers: readonly (readonly EntryToBuild[])[],
  architecture?: string,
): BuiltImage;
/** Builds one gzip layer. */
export declare function buildLayer(entries: readonly EntryToBuild[]): BuiltLayer;
/** Pushes an image into a registry, blobs first. */
export declare function pushImage(
  fetch: Fetch,
  registry: string,
  name: string,
  tag: string,
  image: BuiltImage,
): Promise<void>;
/** The digest of bytes, by Node's own hash: what the code under test must arrive at by itself. */
export declare function sha256(bytes: Bytes): Digest;
//# sourceMappingURL=image-builder.d.ts.map
