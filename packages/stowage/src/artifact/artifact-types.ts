import type { AbortOptions, Bytes, ByteStream, Descriptor, Digest, ProgressOutput } from '@stowage/types';
import type { CopiedBlob } from '../copy/copy-types.ts';
import type { PullResult } from '../pull/pull-result.ts';

/** Content that is read when it is needed, twice at least: to find its digest, and to send it. */
export interface ArtifactContent {
  /** Bytes. */
  readonly size: number;
  /** Streams the content from the byte at `offset` to the end. */
  open(offset: number, options?: AbortOptions): Promise<ByteStream>;
}

/** A file of an artifact that is pushed. */
export interface ArtifactFile {
  readonly content: Bytes | ArtifactContent;
  /** What is in it. Default `application/octet-stream`. */
  readonly mediaType?: string | undefined;
  /** Its name, kept in the annotation `org.opencontainers.image.title`. Default: none. */
  readonly title?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** How an artifact is pushed. */
export interface PushArtifactOptions extends AbortOptions {
  /** What kind of artifact it is: a media type. */
  readonly artifactType: string;
  /** Default: none. */
  readonly files?: readonly ArtifactFile[] | undefined;
  /** Of the artifact as a whole. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** What the artifact is about: a tag or a digest in the same repository. Default: nothing. */
  readonly subject?: string | undefined;
  /** How many files are sent at once. Default 5. */
  readonly concurrency?: number | undefined;
  /** Told of every step. */
  readonly onProgress?: ProgressOutput | undefined;
}

/** An artifact that was pushed. */
export interface PushArtifactResult extends Pick<Descriptor, 'digest' | 'mediaType' | 'size'> {
  /** The full reference of the artifact: with its digest where it has no tag. */
  readonly reference: string;
  readonly artifactType: string;
  /** The manifest that it is about. */
  readonly subject?: Digest;
  readonly blobs: readonly CopiedBlob[];
}

/** A file of an artifact that is in the store. */
export interface PulledFile extends Descriptor {
  /** Its name, as whoever made the artifact wrote it: no path to be trusted. */
  readonly title?: string;
  /** Streams its bytes. */
  open(options?: AbortOptions): Promise<ByteStream>;
}

/** What the pull of an artifact brought. */
export interface PullArtifactResult extends PullResult {
  readonly artifactType: string;
  /** The manifest that it is about. */
  readonly subject?: Digest;
  readonly annotations: Readonly<Record<string, string>>;
  /** Its files, in the order of the manifest. */
  readonly files: readonly PulledFile[];
}
