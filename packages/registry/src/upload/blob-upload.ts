import { isStowageError, MEDIA_TYPES, parseDigest, StowageError } from '@stowage/types';
import type {
  ContentUpload,
  Descriptor,
  Digest,
  RegistryError,
  StreamUpload,
  UploadSession,
} from '@stowage/types';
import { isRetryableStatus, TryAgain, withRetries } from '../transport/retry.ts';
import { ChunkPlanner } from './chunk-plan.ts';
import { checkNamedDigest } from './upload-answer.ts';
import { bodyOf } from './upload-body.ts';
import type { UploadSource } from './upload-source.ts';
import { UploadWire } from './upload-wire.ts';
import type { UploadDeps, UploadPiece, UploadReply } from './upload-wire.ts';

/** What a whole upload is made with. */
export interface BlobUploadDeps extends UploadDeps {
  /** Whether bodies can be sent while they are read. */
  readonly streams: boolean;
  /** Whether the repository has a blob. */
  readonly has: (digest: Digest, signal: AbortSignal | undefined) => Promise<boolean>;
}

/** How often in a row the registry may go back on what it has. */
const MAX_STANDSTILLS = 10;

/** What an attempt leads to: the end, another step, or a failure of the source. */
type Outcome = 'done' | 'on' | { readonly error: unknown };

/**
 * One upload on its way: sends what the registry does not have yet, step by step, and looks what arrived whenever that is
 * in doubt. Where the closing request fails the blob may be there all the same; where it is not, everything is sent once
 * more in an upload of its own.
 */
export class BlobUpload {
  readonly #deps: BlobUploadDeps;
  readonly #upload: ContentUpload | StreamUpload;
  readonly #source: UploadSource;
  readonly #planner: ChunkPlanner;
  #wire: UploadWire;
  /** How many bytes the registry is known to have. */
  #offset: number;
  /** How many it had at most. */
  #reached: number;
  /** How many bytes were sent, whether they arrived or not. */
  #sent = 0;
  /** Whether more or fewer may have arrived than are known. */
  #unsettled: boolean;
  /** Whether the upload may have been closed. */
  #closing = false;
  /** Whether the registry said something that cannot be: what it has may then be wrong. */
  #doubtful: boolean;
  /** Whether the registry does not tell how much it has. */
  #silent = false;
  /** Whether everything was sent a second time already. */
  #restarted = false;

  constructor(
    wire: UploadWire,
    upload: ContentUpload | StreamUpload,
    source: UploadSource,
    deps: BlobUploadDeps,
  ) {
    this.#deps = deps;
    this.#upload = upload;
    this.#source = source;
    this.#wire = wire;
    const resumed = upload.session?.started === true || this.#wire.session.offset > 0;
    this.#offset = upload.session?.offset ?? 0;
    this.#reached = this.#offset;
    this.#unsettled = resumed;
    this.#doubtful = resumed;
    this.#sent = resumed ? Infinity : 0;
    this.#planner = new ChunkPlanner({
      chunkSize: upload.chunkSize,
      size: source.size,
      streams: deps.streams,
      rereadable: source.rest !== undefined,
    });
  }

  /** What to go on with should the upload fail. */
  get wire(): UploadWire {
    return this.#wire;
  }

  /** Sends everything. */
  async run(): Promise<Descriptor> {
    this.#tell();
    for (let standstills = 0; standstills <= MAX_STANDSTILLS; standstills++) {
      const outcome = await this.#step();
      if (outcome === 'done') {
        const digest = this.#source.digest();
        const size = this.#source.size ?? this.#offset;
        this.#progress(size);
        return { mediaType: MEDIA_TYPES.octetStream, digest, size };
      }
      if (outcome !== 'on') throw outcome.error;
      if (this.#offset > this.#reached) standstills = -1;
      this.#reached = Math.max(this.#reached, this.#offset);
    }
    throw new StowageError('UNAVAILABLE', 'the registry does not go on with the upload', {
      retryable: true,
      reason: 'upload-stalled',
    });
  }

  async #step(): Promise<Outcome> {
    const { signal } = this.#upload;
    return await withRetries(
      this.#deps,
      async (mayWait): Promise<Outcome | TryAgain> => {
        try {
          return await this.#attempt(mayWait);
        } catch (error) {
          signal?.throwIfAborted();
          if (this.#source.failure !== undefined) return this.#source.failure;
          this.#source.release();
          if (!isBroken(error)) throw error;
          if (mayWait()) return new TryAgain(undefined);
          if (this.#closing && (await this.#isThere().catch(() => false))) return 'done';
          throw error;
        }
      },
      { signal },
    );
  }

  async #attempt(mayWait: (delay?: number) => boolean): Promise<Outcome | TryAgain> {
    if (this.#unsettled) {
      const settled = await this.#settle();
      if (settled !== undefined) return settled;
    }
    const piece = await this.#nextPiece();
    const isLast = this.#source.endsAt(piece.offset + piece.length);
    this.#closing = isLast && (piece.offset === 0 || piece.length === 0);
    this.#unsettled = true;
    this.#sent = Math.max(this.#sent, piece.offset + piece.length);
    const reply = this.#closing
      ? await this.#wire.finish(this.#source.digest(), piece.body)
      : await this.#append(piece, isLast);
    if (reply.failure === undefined) return await this.#accepted(piece, reply);
    this.#source.release();
    return await this.#refused(piece, reply, reply.failure, mayWait);
  }

  async #append(piece: UploadPiece, isLast: boolean): Promise<UploadReply> {
    if (!isLast && this.#source.rest === undefined && this.#planner.refuses(this.#wire.session)) {
      throw new StowageError('UNSUPPORTED', 'the registry takes a stream only in chunks that are too large');
    }
    return await this.#wire.append(piece);
  }

  async #nextPiece(): Promise<UploadPiece> {
    const offset = this.#offset;
    const plan = this.#planner.plan(this.#wire.session);
    return await bodyOf(this.#source, offset, plan, {
      streams: this.#deps.streams,
      onSent: (count) => {
        this.#progress(offset + count);
      },
    });
  }

  /** The registry took what was sent: finds out how much of it. */
  async #accepted({ offset, length }: UploadPiece, reply: UploadReply): Promise<Outcome> {
    const end = offset + length;
    if (this.#closing) {
      this.#offset = end;
      checkNamedDigest(reply.digest, this.#source.digest());
      return 'done';
    }
    let { count } = reply;
    if (count !== undefined && count < end && !this.#silent) count = (await this.#wire.status(offset)).count;
    if (count === undefined || count === end || this.#silent) this.#move(end);
    else if (count > offset && count < end) this.#move(count);
    else {
      // It says that nothing came, or more than there was, and said that it took it: the digest will tell.
      this.#silent = true;
      this.#doubtful = true;
      this.#move(end);
    }
    return 'on';
  }

  /** The registry did not take what was sent: decides what may help. */
  async #refused(
    piece: UploadPiece,
    { status, count, delay }: UploadReply,
    failure: RegistryError,
    mayWait: (delay?: number) => boolean,
  ): Promise<Outcome | TryAgain> {
    if (status === 401 || status === 403) throw failure;
    if (isRetryableStatus(status) && mayWait(delay)) return new TryAgain(delay);
    if (status === 429) throw failure;
    if (status === 413) return this.#shrink(piece, failure);
    if (status === 416) {
      this.#closing = false;
      if (count !== undefined && count !== piece.offset && this.#isPossible(count)) this.#move(count);
      return 'on';
    }
    if ((status === 405 || status === 501) && !this.#closing && this.#planner.avoidChunks()) {
      return await this.#startAgain(failure);
    }
    // A runtime's own `fetch` may send a request twice when its connection breaks, and some of it arrives twice.
    const mayDouble = piece.length > 0 && !this.#deps.streams;
    const sentWell = !this.#doubtful && !mayDouble;
    if (sentWell && failure.errors.some(({ code }) => code === 'DIGEST_INVALID')) throw failure;
    if (this.#closing && (await this.#isThere())) return 'done';
    if (!this.#closing && isRetryableStatus(status)) throw failure;
    return await this.#startAgain(failure);
  }

  #shrink({ length }: UploadPiece, failure: RegistryError): Outcome {
    if (!this.#planner.shrink(length, this.#wire.session)) throw failure;
    this.#closing = false;
    return 'on';
  }

  /** Finds out what the registry has. */
  async #settle(): Promise<Outcome | undefined> {
    if (this.#closing && (await this.#isThere())) return 'done';
    const { status, count = this.#offset, failure } = await this.#wire.status(this.#offset);
    if (failure !== undefined) {
      if (status === 401 || status === 403 || isRetryableStatus(status)) throw failure;
      // Whoever had the session before may have closed it.
      if (!this.#closing && this.#source.rest !== undefined && (await this.#isThere())) return 'done';
      return await this.#startAgain(failure);
    }
    if (!this.#isPossible(count)) {
      const message = 'the registry claims to have more of the upload than there is';
      return await this.#startAgain(new StowageError('REGISTRY', message));
    }
    this.#move(count);
    return undefined;
  }

  #isPossible(count: number): boolean {
    return count <= Math.min(this.#sent, this.#source.size ?? Infinity);
  }

  /** Sends everything once more in a new upload, where that can be done. */
  async #startAgain(failure: StowageError): Promise<Outcome> {
    if (this.#restarted || this.#source.rest === undefined) throw this.#restarted ? failure : lost(failure);
    this.#restarted = true;
    await this.#wire.cancel().catch(() => undefined);
    const { signal } = this.#upload;
    signal?.throwIfAborted();
    const { algorithm } = parseDigest(this.#source.digest());
    this.#wire = await UploadWire.begin(this.#deps, { algorithm, signal });
    this.#doubtful = false;
    this.#silent = false;
    this.#sent = 0;
    this.#reached = 0;
    this.#move(0);
    return 'on';
  }

  #move(offset: number): void {
    this.#offset = offset;
    this.#unsettled = false;
    this.#closing = false;
    this.#tell();
  }

  #tell(): void {
    this.#progress(this.#offset);
    if (this.#upload.onSession === undefined) return;
    const checkpoint = this.#source.checkpoint(this.#offset);
    const session: UploadSession = { ...this.#wire.session, ...checkpoint, started: true };
    this.#upload.onSession(session);
  }

  #progress(current: number): void {
    this.#upload.onProgress?.({ current, total: this.#source.size });
  }

  async #isThere(): Promise<boolean> {
    return await this.#deps.has(this.#source.digest(), this.#upload.signal);
  }
}

/** Whether a connection broke, so that another one may do better. */
function isBroken(error: unknown): boolean {
  return (
    isStowageError(error) && error.retryable && (error.code === 'UNAVAILABLE' || error.code === 'TIMEOUT')
  );
}

function lost(cause: StowageError): StowageError {
  return new StowageError('UNAVAILABLE', `the registry lost the upload: ${cause.message}`, {
    cause,
    reason: 'upload-lost',
  });
}
