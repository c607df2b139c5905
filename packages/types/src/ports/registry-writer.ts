import type { AbortOptions, Bytes, ByteStream } from '../bytes.ts';
import type { Descriptor } from '../document/descriptor.ts';
import type { Digest, DigestAlgorithm } from '../digest/digest.ts';
import type { StowageError } from '../error/errors.ts';

/** How a manifest is put into a repository. */
export interface PutManifestOptions extends AbortOptions {
  /** More tags that the manifest gets. Default: none but the reference it is put under. */
  readonly tags?: readonly string[] | undefined;
}

/** Writes manifests to a repository. `UNSUPPORTED` for every call where it can only be read from. */
export interface ManifestWriter {
  /**
   * Puts a manifest under a tag or a digest, byte for byte. One that names a subject is entered where its referrers are
   * listed: by the registry, else in the index under the fallback tag. `INVALID_MANIFEST` and `DIGEST_MISMATCH` before
   * anything is sent, `LIMIT_EXCEEDED` for one that is too large for the registry or has more than 4 MiB, `NOT_FOUND` with
   * the digests in `errors` for content that the registry does not have, `UNSUPPORTED` for what it does not take.
   *
   * @param reference a tag or a digest
   * @param mediaType the type of the manifest, without parameters
   * @returns media type, digest and size of the manifest
   */
  put(reference: string, bytes: Bytes, mediaType: string, options?: PutManifestOptions): Promise<Descriptor>;
  /**
   * Takes a tag away, or a manifest with every tag that it has. `NOT_FOUND`; `UNSUPPORTED` where the registry deletes
   * nothing, or no tag alone: the manifest is then left as it is.
   *
   * @param reference a tag or a digest
   */
  delete(reference: string, options?: AbortOptions): Promise<void>;
}

/** How far an upload has come. */
export interface UploadProgress {
  /** How many bytes have been sent. It goes back when some of them did not arrive. */
  readonly current: number;
  /** How many there are, where that is known. */
  readonly total: number | undefined;
}

/**
 * An upload that has begun and not ended, as plain data: it survives JSON, and another process can go on with it. Whoever
 * has it can write to the upload; keep it as secret as a password.
 */
export interface UploadSession {
  /** Where the upload is gone on with. */
  readonly url: string;
  /** How many bytes the registry is known to have. */
  readonly offset: number;
  /** Whether more may have been sent than is known to have arrived. Default `false`. */
  readonly started?: boolean | undefined;
  /** The state of the hash of those bytes in base 64, where the digest was not known before. */
  readonly digestState?: string | undefined;
  /** The fewest bytes of a chunk but the last that the registry takes, where it says so. */
  readonly minChunkSize?: number | undefined;
  /** The most bytes of one request that the registry takes, where it says so. */
  readonly maxChunkSize?: number | undefined;
}

/** How any blob is uploaded. */
export interface UploadOptions extends AbortOptions {
  /** An upload to go on with, from `mount` or from an earlier `onSession`. Default: a new one. */
  readonly session?: UploadSession | undefined;
  /**
   * Is told of the session when it has begun and whenever more bytes are known to have arrived. An upload that fails then
   * stays at the registry, to be gone on with or cancelled; without this it is cancelled.
   */
  readonly onSession?: ((session: UploadSession) => void) | undefined;
  /** Is told how far the upload has come. */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
  /**
   * How many bytes are sent in one request where a blob goes in several; as many are held in memory. The registry may
   * want more or fewer. When it is given, every larger blob goes in several requests. Default 16 MiB, for what cannot be
   * sent as a whole.
   */
  readonly chunkSize?: number | undefined;
}

/** Uploads content whose digest and size are known and that can be read again. */
export interface ContentUpload extends UploadOptions {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Streams the content from the byte at `offset` to the end. Called again whenever bytes have to be sent again. */
  open(offset: number, options?: AbortOptions): Promise<ByteStream>;
  readonly stream?: undefined;
}

/** Uploads a stream that can be read once, of whatever digest and size it turns out to have. */
export interface StreamUpload extends UploadOptions {
  /**
   * The content. With a `session` to go on with, what follows its `offset`. It is read to its end, or cancelled when the
   * upload fails.
   */
  readonly stream: ByteStream;
  /** What the digest is made with. Default `sha256`. */
  readonly algorithm?: DigestAlgorithm | undefined;
}

/** How a blob is mounted. */
export interface MountOptions extends AbortOptions {
  /** The repository of the same registry that has the blob. Default: whichever the registry finds. */
  readonly from?: string | undefined;
}

/** What became of a mount. */
export interface MountResult {
  /** Whether the blob is in the repository now. */
  readonly mounted: boolean;
  /** The upload that the registry began instead: go on with it, or cancel it. */
  readonly session?: UploadSession | undefined;
  /** Why neither is the case. */
  readonly failure?: StowageError | undefined;
}

/** Writes blobs to a repository. `UNSUPPORTED` for every call where it can only be read from. */
export interface BlobWriter {
  /**
   * Uploads a blob, and goes on where it was when the connection breaks. The registry verifies the digest.
   * `INVALID_ARGUMENT`; `SIZE_MISMATCH` for content of another size; `UNAVAILABLE` with reason `upload-lost` for a stream
   * of which the registry has lost a part; whatever the registry refuses it with.
   *
   * @returns digest and size of the blob
   */
  upload(upload: ContentUpload | StreamUpload): Promise<Descriptor>;
  /**
   * Makes a blob of another repository one of this repository, without sending it. A registry that refuses is no failure:
   * the blob is to be uploaded then.
   */
  mount(digest: Digest, options?: MountOptions): Promise<MountResult>;
  /** Ends an upload that will not be gone on with. One that the registry no longer knows is success. */
  cancel(session: UploadSession, options?: AbortOptions): Promise<void>;
  /** Takes a blob out of the repository. `NOT_FOUND`; `UNSUPPORTED` where the registry deletes nothing. */
  delete(digest: Digest, options?: AbortOptions): Promise<void>;
}
