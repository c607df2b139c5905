import type { AbortOptions, Bytes, ByteStream, RangeOptions } from '../bytes.ts';
import type { Descriptor } from '../document/descriptor.ts';
import type { Digest } from '../digest/digest.ts';
import type { BlobWriter, ManifestWriter } from './registry-writer.ts';

/** Credentials for a registry, as docker's clients keep them. */
export interface AuthConfig {
  /** The name of the account. */
  readonly username?: string;
  /** The password, or a token that stands for it. */
  readonly password?: string;
  /** `username:password` in base64, as in docker's config file. */
  readonly auth?: string;
  /** What docker once asked for; nothing reads it. */
  readonly email?: string;
  /** The registry that the credentials are for. They are sent to no other where it is set. */
  readonly serverAddress?: string;
  /** A refresh token for the registry's token server. */
  readonly identityToken?: string;
  /** A bearer token that is sent as it is. */
  readonly registryToken?: string;
}

/** What credentials are looked up for, beside the host. */
export interface CredentialOptions extends AbortOptions {
  /** The repository within the registry, where it is known: some files keep credentials for a part of a registry. */
  readonly repository?: string | undefined;
}

/**
 * Finds credentials for a registry.
 *
 * @param host the registry's host, with its port where it has one; `docker.io` for Docker Hub
 * @returns `undefined` to go without
 */
export type CredentialProvider = (
  host: string,
  options?: CredentialOptions,
) => Promise<AuthConfig | undefined>;

/** What the TLS connections to an endpoint are made with, in PEM. */
export interface EndpointTls {
  /** Certificate authorities to trust beside those that the runtime trusts anyway. */
  readonly ca?: readonly string[] | undefined;
  /** The client's certificate, with the chain above it where there is one. Always together with `key`. */
  readonly cert?: string | undefined;
  /** The private key of `cert`. */
  readonly key?: string | undefined;
}

/** How the repositories of a registry are named at one of its mirrors. */
export interface RepositoryRewrite {
  /** What names begin with in the registry: whole components, or nothing. */
  readonly from: string;
  /** What stands there instead at the mirror. */
  readonly to: string;
}

/** Where a registry can be reached. */
export interface RegistryEndpoint {
  /** Scheme, host and port, no trailing slash. */
  readonly url: string;
  /** Whether this is a mirror: it is read from and never written to. */
  readonly mirror: boolean;
  /** Whether this is Docker Hub. */
  readonly official: boolean;
  /** Whether the certificate of an https endpoint goes unchecked. */
  readonly insecure: boolean;
  /** Default: what the runtime trusts, and no certificate of the client's. */
  readonly tls?: EndpointTls | undefined;
  /** Whether layers that may not be distributed freely are pushed here all the same. Default `false`. */
  readonly allowNondistributableArtifacts?: boolean | undefined;
  /** How names change here. Default: not at all. */
  readonly rewrite?: RepositoryRewrite | undefined;
}

/** A manifest as a registry sent it, verified. */
export interface FetchedManifest {
  /** Media type, digest and size of `bytes`. */
  readonly descriptor: Descriptor;
  /** The manifest as it came. */
  readonly bytes: Bytes;
}

/** Reads manifests from a repository. */
export interface ManifestReader {
  /**
   * The descriptor of a manifest, by HEAD; by GET where the registry's answer to HEAD leaves out what is needed, or
   * refuses without a word why. `NOT_FOUND` at once where the registry answers 404 to HEAD: what it says of that is to
   * be had with `get`.
   *
   * @param reference a tag or a digest
   */
  head(reference: string, options?: AbortOptions): Promise<Descriptor>;
  /**
   * A manifest, at most 4 MiB, verified: against the digest where one was asked for. `NOT_FOUND`, `DIGEST_MISMATCH`,
   * `LIMIT_EXCEEDED`.
   *
   * @param reference a tag or a digest
   */
  get(reference: string, options?: AbortOptions): Promise<FetchedManifest>;
}

/** How a remote blob is opened. */
export interface OpenBlobOptions extends RangeOptions {
  /** The blob's size in bytes, where the caller knows it; more or fewer bytes fail with `SIZE_MISMATCH`. */
  readonly size?: number | undefined;
  /**
   * Whether the stream verifies the digest of a blob read from its first byte to its last. Default `true`; a caller
   * that hashes the bytes itself switches it off.
   */
  readonly verify?: boolean | undefined;
  /**
   * How many ranges are fetched at the same time, 1 to 32. They come out in order, as one stream. Default 1. A registry
   * that knows no ranges, and a blob of no more than 1 MiB, take one request all the same. `auto` begins with one request
   * and tries twice as many connections, up to 8 with ranges of 4 MiB, for as long as that makes a large blob come faster.
   */
  readonly connections?: number | 'auto' | undefined;
  /**
   * The most bytes of one of several ranges; `connections` times as many are held in memory at most. Over one connection
   * they are fetched one after the other. Default 8 MiB where there are several connections, and in pages where `size` is
   * known, for browsers take a body into memory however slowly it is read; else everything comes as one.
   */
  readonly partSize?: number | undefined;
  /**
   * Where else the blob can be had, as its descriptor says: asked in this order when the registry does not give it. No
   * credentials and no headers of the caller's go there. Default: nowhere.
   */
  readonly urls?: readonly string[] | undefined;
}

/** Reads blobs from a repository. */
export interface BlobReader {
  /** Size and digest of a blob, by HEAD; by GET as `head` of {@link ManifestReader}. `NOT_FOUND`. */
  stat(digest: Digest, options?: AbortOptions): Promise<Descriptor>;
  /**
   * Streams a blob, or what follows `offset`. The first byte of the stream is the byte at `offset`, whether or not the
   * registry honours ranges. When the connection breaks, the stream goes on with what is missing. `NOT_FOUND`; the
   * stream fails with `SIZE_MISMATCH` or `DIGEST_MISMATCH` at its end, with `UNAVAILABLE` when it breaks over and over.
   */
  open(digest: Digest, options?: OpenBlobOptions): Promise<ByteStream>;
}

/** How tags and repositories are listed. */
export interface ListOptions extends AbortOptions {
  /**
   * How many names the registry is asked for at a time. One that refuses the number is asked without it, one that
   * ignores it is borne with. Default: as many as the registry likes.
   */
  readonly pageSize?: number | undefined;
  /** The most names that are taken; more fail with `LIMIT_EXCEEDED`. Default 1,000,000. */
  readonly maxEntries?: number | undefined;
}

/** How the referrers of a manifest are listed. */
export interface ReferrersOptions extends AbortOptions {
  /** Only those of this type. Default: all. */
  readonly artifactType?: string | undefined;
  /** The most descriptors that are taken; more fail with `LIMIT_EXCEEDED`. Default 10,000. */
  readonly maxEntries?: number | undefined;
}

/** One repository of one registry endpoint. */
export interface Repository {
  /** The name within the registry, for example `library/busybox`. */
  readonly name: string;
  /** The manifests and indexes of this repository. */
  readonly manifests: ManifestReader & ManifestWriter;
  /** The layers and configurations of this repository. */
  readonly blobs: BlobReader & BlobWriter;
  /** Every tag, in the registry's order. `NOT_FOUND` for an unknown repository. */
  tags(options?: ListOptions): AsyncIterable<string>;
  /**
   * What refers to a manifest: signatures, SBOMs, attestations. From the registry's list of referrers and from the
   * fallback tag, each once; none where there are none.
   *
   * @param digest the manifest, which need not exist
   */
  referrers(digest: Digest, options?: ReferrersOptions): AsyncIterable<Descriptor>;
}

/** What a repository is opened for; decides what tokens are asked for. */
export type RepositoryAction = 'pull' | 'push';

/**
 * Opens a repository at an endpoint. Sends nothing yet. The name is without the registry's host, for example
 * `library/busybox`; a malformed one fails with `INVALID_REFERENCE`.
 */
export type OpenRepository = (
  endpoint: RegistryEndpoint,
  name: string,
  actions: readonly RepositoryAction[],
) => Repository;
