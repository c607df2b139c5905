import { parseDigest } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  ByteStream,
  Clock,
  ContentInfo,
  ContentStore,
  Digest,
  Ingest,
  IngestOptions,
  IngestStatus,
  RangeOptions,
  ReadOptions,
} from '@stowage/types';
import { streamBlob } from './blob-stream.ts';
import { checkExpectation, checkMaxBytes, checkRef, resolveRange } from './checks.ts';
import { contentExists, contentNotFound, contentTooLarge, refLocked, storageClosed } from './failures.ts';
import { mergeLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import { MemoryPartial } from './memory-partial.ts';
import { settle } from './settle.ts';
import { mergeExpectations, VerifiedIngest } from './verified-ingest.ts';

interface Blob {
  readonly bytes: Bytes;
  readonly labels: Labels;
}

interface Begun {
  readonly partial: MemoryPartial;
  /** The ingest that has it, where one is open. */
  open: VerifiedIngest | undefined;
}

/** Blobs in memory. */
export class MemoryContentStore implements ContentStore {
  readonly #clock: Clock;
  readonly #resumableHash: boolean;
  readonly #blobs = new Map<Digest, Blob>();
  readonly #begun = new Map<string, Begun>();
  #closed = false;

  constructor(clock: Clock, resumableHash: boolean) {
    this.#clock = clock;
    this.#resumableHash = resumableHash;
  }

  info(digest: Digest, options: AbortOptions = {}): Promise<ContentInfo> {
    return settle(() => infoOf(digest, this.#blob(digest, options)));
  }

  open(digest: Digest, options: RangeOptions = {}): Promise<ByteStream> {
    return settle(() => {
      const { bytes } = this.#blob(digest, options);
      const { start, end } = resolveRange(options, bytes.byteLength);
      const source = {
        read: (from: number, to: number) => bytes.slice(from, to),
        close: () => Promise.resolve(),
      };
      return streamBlob(source, start, end, options);
    });
  }

  read(digest: Digest, options: ReadOptions): Promise<Bytes> {
    return settle(() => {
      const { bytes } = this.#blob(digest, options);
      checkMaxBytes(options.maxBytes);
      if (bytes.byteLength > options.maxBytes) {
        throw contentTooLarge(digest, bytes.byteLength, options.maxBytes);
      }
      return bytes.slice();
    });
  }

  ingest(ref: string, options: IngestOptions = {}): Promise<Ingest> {
    return settle(() => {
      options.signal?.throwIfAborted();
      if (this.#closed) throw storageClosed();
      checkRef(ref);
      checkExpectation(options);
      if (options.digest !== undefined && this.#blobs.has(options.digest)) {
        if (this.#begun.get(ref)?.open === undefined) this.#begun.delete(ref);
        throw contentExists(options.digest);
      }
      return this.#openIngest(ref, options);
    });
  }

  async *ingests({ signal }: AbortOptions = {}): AsyncGenerator<IngestStatus, void, undefined> {
    signal?.throwIfAborted();
    for (const [ref, { partial }] of [...this.#begun]) {
      signal?.throwIfAborted();
      const { kept: offset, updatedAt } = partial;
      const { size } = partial.expected;
      yield await Promise.resolve({ ref, offset, ...(size === undefined ? {} : { size }), updatedAt });
    }
  }

  abort(ref: string, { signal }: AbortOptions = {}): Promise<void> {
    return settle(() => {
      signal?.throwIfAborted();
      checkRef(ref);
      if (this.#begun.get(ref)?.open !== undefined) throw refLocked(ref);
      this.#begun.delete(ref);
    });
  }

  update(digest: Digest, labels: Labels, options: AbortOptions = {}): Promise<ContentInfo> {
    return settle(() => {
      const blob = this.#blobToChange(digest, options);
      return this.#store(digest, blob.bytes, mergeLabels(blob.labels, labels));
    });
  }

  delete(digest: Digest, options: AbortOptions = {}): Promise<void> {
    return settle(() => {
      this.#blobToChange(digest, options);
      this.#blobs.delete(digest);
    });
  }

  async *walk({ signal }: AbortOptions = {}): AsyncGenerator<ContentInfo, void, undefined> {
    signal?.throwIfAborted();
    for (const digest of [...this.#blobs.keys()]) {
      signal?.throwIfAborted();
      const blob = this.#blobs.get(digest);
      if (blob !== undefined) yield await Promise.resolve(infoOf(digest, blob));
    }
  }

  /** Closes every open ingest and changes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#begun.values()].map(async ({ open }) => open?.close()));
  }

  #blob(digest: Digest, { signal }: AbortOptions): Blob {
    signal?.throwIfAborted();
    parseDigest(digest);
    const blob = this.#blobs.get(digest);
    if (blob === undefined) throw contentNotFound(digest);
    return blob;
  }

  #blobToChange(digest: Digest, options: AbortOptions): Blob {
    if (this.#closed) throw storageClosed();
    return this.#blob(digest, options);
  }

  #openIngest(ref: string, options: IngestOptions): VerifiedIngest {
    const begun = this.#begun.get(ref) ?? { partial: this.#newPartial(ref), open: undefined };
    if (begun.open !== undefined) throw refLocked(ref);
    const { partial } = begun;
    partial.expected = mergeExpectations(partial.expected, options);
    begun.open = new VerifiedIngest(ref, {
      partial,
      expected: partial.expected,
      resumableHash: this.#resumableHash,
      onClose: () => {
        begun.open = undefined;
      },
    });
    this.#begun.set(ref, begun);
    return begun.open;
  }

  #newPartial(ref: string): MemoryPartial {
    return new MemoryPartial(this.#clock, (digest, bytes, labels) => {
      this.#begun.delete(ref);
      const there = this.#blobs.get(digest);
      return this.#store(digest, there?.bytes ?? bytes, mergeLabels(there?.labels ?? {}, labels));
    });
  }

  #store(digest: Digest, bytes: Bytes, labels: Labels): ContentInfo {
    const blob = { bytes, labels };
    this.#blobs.set(digest, blob);
    return infoOf(digest, blob);
  }
}

function infoOf(digest: Digest, { bytes, labels }: Blob): ContentInfo {
  return { digest, size: bytes.byteLength, labels: { ...labels } };
}
