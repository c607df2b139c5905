import { encodeGoJson, isStowageError, StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, Clock, Storage } from '@stowage/types';
import { RegistryFault } from './registry-fault.ts';
import type { RegistryLimits } from './registry-limits.ts';

const NAMESPACE = 'registry-uploads';
const PREFIX = 'upload-';
/** How often at most the uploads are looked through for abandoned ones, in milliseconds. */
const SWEEP_INTERVAL = 600_000;

/** What is kept of an upload beside its bytes. */
interface SessionRecord {
  readonly repository: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** The ingest that holds the bytes of an upload. */
export function uploadRef(id: string): string {
  return `${PREFIX}${id}`;
}

/** The uploads that are under way: which repository each belongs to. Their bytes are ingests of the content store. */
export class UploadSessions {
  readonly #storage: Storage;
  readonly #limits: RegistryLimits;
  readonly #clock: Pick<Clock, 'now'>;
  #sweptAt = -Infinity;

  constructor(storage: Storage, limits: RegistryLimits, clock: Pick<Clock, 'now'>) {
    this.#storage = storage;
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Begins an upload.
   *
   * @throws a fault: 429 when too many are under way
   */
  async begin(id: string, repository: string, options: AbortOptions): Promise<void> {
    const lock = await this.#storage.lock('registry-uploads', options);
    try {
      const now = this.#clock.now();
      let count = await this.#count(options);
      if (count >= this.#limits.uploads || now - this.#sweptAt >= SWEEP_INTERVAL) {
        this.#sweptAt = now;
        count -= await this.#sweep(now - this.#limits.uploadIdle, options);
      }
      if (count >= this.#limits.uploads) {
        throw new RegistryFault(429, 'TOOMANYREQUESTS', 'too many uploads are under way', {
          headers: { 'Retry-After': '60' },
        });
      }
      const record: SessionRecord = { repository, startedAt: now };
      await this.#storage.metadata.set(NAMESPACE, id, encodeGoJson(record), options);
    } finally {
      await lock[Symbol.asyncDispose]();
    }
  }

  /**
   * Makes sure that an upload is under way in this repository.
   *
   * @throws a fault: 404 when it is not
   */
  async check(id: string, repository: string, options: AbortOptions): Promise<void> {
    const record = await this.#read(id, options);
    if (record?.repository !== repository) {
      throw new RegistryFault(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
    }
  }

  /** Forgets an upload that is done. */
  async end(id: string, options: AbortOptions): Promise<void> {
    await this.#storage.metadata.delete(NAMESPACE, id, options);
  }

  /** Throws an upload away with its bytes. `UNAVAILABLE` while a request is writing to it. */
  async abandon(id: string, options: AbortOptions): Promise<void> {
    await this.#storage.content.abort(uploadRef(id), options);
    await this.end(id, options);
  }

  async #count(options: AbortOptions): Promise<number> {
    let count = 0;
    for await (const _ of this.#storage.metadata.keys(NAMESPACE, options)) count += 1;
    return count;
  }

  /** Throws away what nobody has written to since `before`. Answers how many sessions went. */
  async #sweep(before: number, options: AbortOptions): Promise<number> {
    const sessions = new Set<string>();
    for await (const id of this.#storage.metadata.keys(NAMESPACE, options)) sessions.add(id);
    const alive = new Set<string>();
    const idle = new Set<string>();
    for await (const { ref, updatedAt } of this.#storage.content.ingests(options)) {
      if (ref.startsWith(PREFIX)) (updatedAt < before ? idle : alive).add(ref.slice(PREFIX.length));
    }
    for (const id of sessions) {
      if (alive.has(id) || idle.has(id)) continue;
      const record = await this.#read(id, options);
      if (record !== undefined && record.startedAt < before) idle.add(id);
    }
    let gone = 0;
    for (const id of idle) {
      if (await this.#expire(id, options)) gone += sessions.has(id) ? 1 : 0;
    }
    return gone;
  }

  /** Throws an idle upload away, unless a request has just come back to it. */
  async #expire(id: string, options: AbortOptions): Promise<boolean> {
    try {
      await this.abandon(id, options);
      return true;
    } catch (error) {
      if (isStowageError(error, 'UNAVAILABLE')) return false;
      throw error;
    }
  }

  async #read(id: string, options: AbortOptions): Promise<SessionRecord | undefined> {
    const bytes = await this.#storage.metadata.get(NAMESPACE, id, options);
    return bytes && parseRecord(bytes, id);
  }
}

function parseRecord(bytes: Bytes, id: string): SessionRecord {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<SessionRecord> | null;
    const { repository, startedAt } = value ?? {};
    if (typeof repository === 'string' && typeof startedAt === 'number') return { repository, startedAt };
  } catch {
    // Reported below.
  }
  throw new StowageError('DATA_LOSS', `${NAMESPACE}/${id} is damaged`);
}
