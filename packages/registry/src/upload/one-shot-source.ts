import { createDigester } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { Bytes, Digest, Digester, StreamUpload, UploadSession } from '@stowage/types';
import { StreamCursor } from './stream-cursor.ts';
import type { UploadSource } from './upload-source.ts';

/** How far a stream was read, and what the hash was then. */
interface Checkpoint {
  readonly offset: number;
  readonly digestState?: string;
}

/** A stream that can be read once: what was sent last is held until the registry has it. It is hashed as it is read. */
export class OneShotSource implements UploadSource {
  readonly size = undefined;
  readonly #cursor: StreamCursor;
  readonly #digester: Digester;
  #buffer: Bytes = new Uint8Array();
  /** The bytes in the buffer: where they begin in the blob, and how many they are. */
  #start: number;
  #length = 0;
  #ended = false;
  #digest: Digest | undefined;
  #checkpoint: Checkpoint;
  #failure: { readonly error: unknown } | undefined;

  private constructor(stream: StreamUpload, digester: Digester, checkpoint: Checkpoint) {
    this.#cursor = new StreamCursor(stream.stream);
    this.#digester = digester;
    this.#start = checkpoint.offset;
    this.#checkpoint = checkpoint;
  }

  /**
   * Opens a stream.
   *
   * @throws `INVALID_ARGUMENT` for a session that does not say what the hash was
   */
  static async open(upload: StreamUpload): Promise<OneShotSource> {
    const { algorithm = 'sha256', session } = upload;
    const resumable = session !== undefined || upload.onSession !== undefined;
    const digester = resumable
      ? await createDigester(algorithm, { resumable: true })
      : await createDigester(algorithm);
    if (session !== undefined) restore(digester, session);
    const { offset = 0, digestState } = session ?? {};
    return new OneShotSource(upload, digester, {
      offset,
      ...(digestState === undefined ? {} : { digestState }),
    });
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  async take(offset: number, most: number): Promise<Bytes> {
    if (offset < this.#start) throw lost();
    try {
      await this.#skipTo(offset, most);
      this.#drop(offset - this.#start);
      if (!this.#ended) await this.#readUpTo(most);
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
    return this.#buffer.subarray(0, Math.min(most, this.#length));
  }

  endsAt(offset: number): boolean {
    return this.#ended && offset === this.#start + this.#length;
  }

  digest(): Digest {
    this.#digest ??= this.#digester.digest();
    return this.#digest;
  }

  /** The hash is known only of all that was read: what the registry has less than that does not count yet. */
  checkpoint(offset: number): Checkpoint {
    if (offset === this.#start + this.#length && this.#digest === undefined) {
      const state = this.#digester.save?.();
      this.#checkpoint = { offset, ...(state === undefined ? {} : { digestState: toBase64(state) }) };
    }
    return this.#checkpoint;
  }

  release(): void {
    this.#buffer = this.#buffer.slice(0, this.#length);
  }

  close(reason?: unknown): void {
    this.#cursor.cancel(reason);
  }

  async #readUpTo(most: number): Promise<void> {
    this.#reserve(most);
    const added = await this.#cursor.fill(this.#buffer.subarray(this.#length, Math.max(most, this.#length)));
    this.#digester.update(this.#buffer.subarray(this.#length, this.#length + added));
    this.#length += added;
    this.#ended = await this.#cursor.atEnd();
  }

  /** Reads what the registry has already, to hash it. */
  async #skipTo(offset: number, most: number): Promise<void> {
    while (this.#start + this.#length < offset) {
      this.#start += this.#length;
      this.#length = 0;
      const bytes = await this.#cursor.next(Math.min(most, offset - this.#start));
      if (bytes.byteLength === 0) {
        throw new StowageError('SIZE_MISMATCH', 'the registry has more bytes than the stream');
      }
      this.#digester.update(bytes);
      this.#start += bytes.byteLength;
    }
  }

  #drop(count: number): void {
    this.#buffer.copyWithin(0, count, this.#length);
    this.#start += count;
    this.#length -= count;
  }

  #reserve(size: number): void {
    if (this.#buffer.byteLength >= size) return;
    const larger = new Uint8Array(size);
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

function restore(digester: Digester, { offset, digestState }: UploadSession): void {
  if (digestState !== undefined) {
    digester.restore?.(fromBase64(digestState));
    return;
  }
  if (offset === 0) return;
  throw new StowageError('INVALID_ARGUMENT', 'the session does not tell the hash of what was sent');
}

function lost(): StowageError {
  return new StowageError(
    'UNAVAILABLE',
    'the registry lost a part of the upload, which cannot be read again',
    {
      reason: 'upload-lost',
    },
  );
}

function toBase64(bytes: Bytes): string {
  return btoa(String.fromCharCode(...bytes));
}

/** @throws `INVALID_ARGUMENT` */
function fromBase64(text: string): Bytes {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new StowageError('INVALID_ARGUMENT', 'the state of the hash is damaged', { cause });
  }
}
