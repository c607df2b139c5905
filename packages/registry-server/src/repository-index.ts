import { digestBytes, withLock } from '@stowage/core';
import { asDigest, digestKey, encodeGoJson, isDigest, parseDigest, StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, Digest, Storage } from '@stowage/types';

const REPOSITORIES = 'registry-repositories';
const BLOBS = 'registry-blobs';
const MANIFESTS = 'registry-manifests';
const REFERRERS = 'registry-referrers';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What is kept of a manifest beside its bytes. */
export interface ManifestRecord {
  readonly mediaType: string;
  /** The manifest that it refers to. */
  readonly subject?: Digest | undefined;
}

/** A repository's document: its name, since keys only have a hash of it, and its tags. */
interface RepositoryDocument {
  readonly name: string;
  readonly tags: Map<string, Digest>;
}

/**
 * Which blobs, manifests and tags belong to which repository. Content is shared by all repositories and visible in one
 * only while there is a record here. Names, tags and digests have passed their gates before they come here.
 *
 * Keys begin with the SHA-256 of the repository's name, which is a valid segment whatever the name is. What is changed
 * by reading and writing again is changed under the repository's lock; nothing is cached, so that several processes may
 * serve one storage.
 */
export class RepositoryIndex {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async hasBlob(repository: string, digest: Digest, options?: AbortOptions): Promise<boolean> {
    return this.#has(BLOBS, await contentKey(repository, digest), options);
  }

  async addBlob(repository: string, digest: Digest, options?: AbortOptions): Promise<void> {
    await this.#set(BLOBS, await contentKey(repository, digest), { repository }, options);
  }

  /** Answers whether there was one. */
  async removeBlob(repository: string, digest: Digest, options?: AbortOptions): Promise<boolean> {
    const key = await contentKey(repository, digest);
    if (!(await this.#has(BLOBS, key, options))) return false;
    await this.#storage.metadata.delete(BLOBS, key, options);
    return true;
  }

  async manifest(
    repository: string,
    digest: Digest,
    options?: AbortOptions,
  ): Promise<ManifestRecord | undefined> {
    return this.#get(MANIFESTS, await contentKey(repository, digest), options, manifestRecord);
  }

  /**
   * Puts a manifest into a repository, with everything that points to it; its tags come last.
   *
   * @param condition throws where it must not be put, by what the tags are while nobody else changes them
   */
  async putManifest(
    repository: string,
    digest: Digest,
    record: ManifestRecord,
    tags: readonly string[],
    options?: AbortOptions,
    condition?: (current: (tag: string) => Digest | undefined) => void,
  ): Promise<void> {
    await this.#change(repository, options, async (document) => {
      condition?.((tag) => document.tags.get(tag));
      await this.#set(MANIFESTS, await contentKey(repository, digest), record, options);
      const { subject } = record;
      if (subject !== undefined) {
        await this.#changeReferrers(repository, subject, options, (all) => all.add(digest));
      }
      for (const tag of tags) document.tags.set(tag, digest);
    });
  }

  /** Takes a manifest and its tags out of a repository. Answers whether there was one. */
  async removeManifest(repository: string, digest: Digest, options?: AbortOptions): Promise<boolean> {
    const key = await contentKey(repository, digest);
    if (!(await this.#has(MANIFESTS, key, options))) return false;
    return this.#change(repository, options, async (document) => {
      const record = await this.#get(MANIFESTS, key, options, manifestRecord);
      if (record === undefined) return false;
      for (const [tag, target] of document.tags) if (target === digest) document.tags.delete(tag);
      await this.#storage.metadata.delete(MANIFESTS, key, options);
      const { subject } = record;
      if (subject !== undefined) {
        await this.#changeReferrers(repository, subject, options, (all) => all.delete(digest));
      }
      return true;
    });
  }

  async resolveTag(repository: string, tag: string, options?: AbortOptions): Promise<Digest | undefined> {
    return (await this.#document(repository, options))?.tags.get(tag);
  }

  /** Takes a tag away; the manifest stays. Answers whether there was one. */
  async removeTag(repository: string, tag: string, options?: AbortOptions): Promise<boolean> {
    if ((await this.resolveTag(repository, tag, options)) === undefined) return false;
    return this.#change(repository, options, (document) => document.tags.delete(tag));
  }

  /** The tags of a repository in no order, or `undefined` where it never had a manifest. */
  async tags(repository: string, options?: AbortOptions): Promise<string[] | undefined> {
    const document = await this.#document(repository, options);
    return document && [...document.tags.keys()];
  }

  /** The manifests that name this one as their subject, in no order. */
  async referrers(repository: string, subject: Digest, options?: AbortOptions): Promise<Digest[]> {
    return (await this.#get(REFERRERS, await contentKey(repository, subject), options, digestList)) ?? [];
  }

  /** The names of all repositories that ever had a manifest, in no order. */
  async repositories(options?: AbortOptions): Promise<string[]> {
    const names: string[] = [];
    for await (const key of this.#storage.metadata.keys(REPOSITORIES, options)) {
      const document = await this.#get(REPOSITORIES, key, options, repositoryDocument);
      if (document !== undefined) names.push(document.name);
    }
    return names;
  }

  /** Every digest that a repository holds, those held by several more than once. */
  async *digests(options?: AbortOptions): AsyncGenerator<Digest, void, undefined> {
    for (const namespace of [BLOBS, MANIFESTS]) {
      for await (const key of this.#storage.metadata.keys(namespace, options)) {
        yield asDigest(key.split('/').slice(1).join(':'));
      }
    }
  }

  async #document(
    repository: string,
    options: AbortOptions | undefined,
  ): Promise<RepositoryDocument | undefined> {
    return this.#get(REPOSITORIES, await hashOf(repository), options, repositoryDocument);
  }

  /** Reads a repository's document, or makes it, and writes back what `change` made of it. */
  async #change<T>(
    repository: string,
    options: AbortOptions | undefined,
    change: (document: RepositoryDocument) => Promise<T> | T,
  ): Promise<T> {
    const key = await hashOf(repository);
    const work = async (): Promise<T> => {
      const document = (await this.#document(repository, options)) ?? {
        name: repository,
        tags: new Map<string, Digest>(),
      };
      const result = await change(document);
      const tags = Object.fromEntries(document.tags);
      await this.#set(REPOSITORIES, key, { name: repository, tags }, options);
      return result;
    };
    return withLock(this.#storage, `registry-${key}`, work, options);
  }

  /** Changes the list of referrers; the caller holds the repository's lock. */
  async #changeReferrers(
    repository: string,
    subject: Digest,
    options: AbortOptions | undefined,
    change: (all: Set<Digest>) => unknown,
  ): Promise<void> {
    const all = new Set(await this.referrers(repository, subject, options));
    change(all);
    const key = await contentKey(repository, subject);
    if (all.size === 0) await this.#storage.metadata.delete(REFERRERS, key, options);
    else await this.#set(REFERRERS, key, [...all], options);
  }

  async #has(namespace: string, key: string, options: AbortOptions | undefined): Promise<boolean> {
    return (await this.#storage.metadata.get(namespace, key, options)) !== undefined;
  }

  async #get<T>(
    namespace: string,
    key: string,
    options: AbortOptions | undefined,
    check: (value: unknown) => T | undefined,
  ): Promise<T | undefined> {
    const bytes = await this.#storage.metadata.get(namespace, key, options);
    if (bytes === undefined) return undefined;
    const value = check(parseJson(bytes));
    if (value === undefined) throw new StowageError('DATA_LOSS', `${namespace}/${key} is damaged`);
    return value;
  }

  #set(namespace: string, key: string, value: unknown, options: AbortOptions | undefined): Promise<void> {
    return this.#storage.metadata.set(namespace, key, encodeGoJson(value), options);
  }
}

async function hashOf(repository: string): Promise<string> {
  return parseDigest(await digestBytes(encoder.encode(repository))).encoded;
}

async function contentKey(repository: string, digest: Digest): Promise<string> {
  return `${await hashOf(repository)}/${digestKey(digest)}`;
}

function parseJson(bytes: Bytes): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

function manifestRecord(value: unknown): ManifestRecord | undefined {
  if (!isObject(value) || typeof value['mediaType'] !== 'string') return undefined;
  const subject = value['subject'];
  if (subject === undefined) return { mediaType: value['mediaType'] };
  return isDigestString(subject) ? { mediaType: value['mediaType'], subject } : undefined;
}

function repositoryDocument(value: unknown): RepositoryDocument | undefined {
  if (!isObject(value) || typeof value['name'] !== 'string' || !isObject(value['tags'])) return undefined;
  const tags = Object.entries(value['tags']);
  if (!tags.every((entry): entry is [string, Digest] => isDigestString(entry[1]))) return undefined;
  return { name: value['name'], tags: new Map(tags) };
}

function digestList(value: unknown): Digest[] | undefined {
  return Array.isArray(value) && value.every(isDigestString) ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDigestString(value: unknown): value is Digest {
  return typeof value === 'string' && isDigest(value);
}
