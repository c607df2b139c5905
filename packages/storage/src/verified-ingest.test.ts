import { createDigester, digestBytes } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { Bytes, ContentInfo, Digest } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import type { SavedHash } from './saved-hash.ts';
import { mergeExpectations, VerifiedIngest } from './verified-ingest.ts';
import type { PartialContent } from './verified-ingest.ts';

const text = (value: string): Bytes => new TextEncoder().encode(value);

/** A partial with room for four bytes at a time that notes what is done to it. */
class NarrowPartial implements PartialContent {
  bytes: number[] = [];
  kept = 0;
  savedHash: SavedHash | undefined;
  readonly calls: string[] = [];
  failNext: string | undefined;

  constructor(content = '') {
    this.bytes = [...text(content)];
    this.kept = this.bytes.length;
  }

  take(bytes: Bytes): number {
    const count = Math.min(bytes.byteLength, 4 - (this.bytes.length - this.kept));
    this.bytes.push(...bytes.subarray(0, count));
    return count;
  }

  makeRoom(): Promise<void> {
    return this.#do('makeRoom', () => {
      this.kept = this.bytes.length;
    });
  }

  flush(): Promise<void> {
    return this.#do('flush', () => {
      this.kept = this.bytes.length;
    });
  }

  truncate(size: number): Promise<void> {
    return this.#do('truncate', () => {
      this.bytes.length = size;
      this.kept = size;
    });
  }

  replay(start: number, end: number, onBytes: (bytes: Bytes) => void): Promise<void> {
    return this.#do(`replay ${start}-${end}`, () => {
      onBytes(Uint8Array.from(this.bytes.slice(start, end)));
    });
  }

  publish(digest: Digest, size: number): Promise<ContentInfo> {
    return this.#do('publish', () => ({ digest, size, labels: {} }));
  }

  close(hash?: SavedHash): Promise<void> {
    return this.#do('close', () => {
      this.kept = this.bytes.length;
      this.savedHash = hash;
    });
  }

  #do<T>(call: string, run: () => T): Promise<T> {
    this.calls.push(call);
    if (this.failNext === undefined || !call.startsWith(this.failNext)) return Promise.resolve(run());
    this.failNext = undefined;
    this.bytes.length = this.kept;
    return Promise.reject(new StowageError('STORAGE', 'the disk is gone'));
  }
}

function ingestOf(
  partial: PartialContent,
  options: Parameters<typeof mergeExpectations>[1] = {},
  resumableHash = false,
): VerifiedIngest {
  const expected = mergeExpectations({ labels: {} }, options);
  return new VerifiedIngest('ref', { partial, expected, resumableHash, onClose: () => undefined });
}

describe('VerifiedIngest', () => {
  it('hashes as it takes, and reads nothing back', async () => {
    const partial = new NarrowPartial();
    const ingest = ingestOf(partial);
    for (const piece of ['a', 'bcd', '', 'efghijkl', 'm']) await ingest.write(text(piece));
    expect((await ingest.commit()).digest).toBe(await digestBytes(text('abcdefghijklm')));
    expect(partial.calls).toEqual(['makeRoom', 'makeRoom', 'makeRoom', 'flush', 'publish']);
  });

  it('reads what is there once when it goes on, and only when it must', async () => {
    const partial = new NarrowPartial('abc');
    const ingest = ingestOf(partial);
    expect(ingest.offset).toBe(3);
    expect(partial.calls).toEqual([]);
    await ingest.write(text('d'));
    await ingest.write(text('e'));
    expect((await ingest.commit()).digest).toBe(await digestBytes(text('abcde')));
    expect(partial.calls).toEqual(['replay 0-3', 'flush', 'publish']);
  });

  it('reads nothing of what is thrown away at once', async () => {
    const partial = new NarrowPartial('abc');
    const ingest = ingestOf(partial);
    await ingest.truncate(0);
    await ingest.write(text('x'));
    expect((await ingest.commit()).digest).toBe(await digestBytes(text('x')));
    expect(partial.calls).toEqual(['truncate', 'flush', 'publish']);
  });

  it('reads everything once more for another algorithm, and not after a failed size', async () => {
    const partial = new NarrowPartial();
    const ingest = ingestOf(partial);
    await ingest.write(text('abc'));
    await expect(ingest.commit({ size: 4 })).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
    const digester = await createDigester('sha512');
    digester.update(text('abc'));
    const digest = digester.digest();
    expect((await ingest.commit({ digest })).digest).toBe(digest);
    expect(partial.calls).toEqual(['flush', 'flush', 'replay 0-3', 'publish']);
  });

  it('hashes with the algorithm of the expected digest from the start', async () => {
    const digester = await createDigester('sha512');
    digester.update(text('abc'));
    const partial = new NarrowPartial();
    const ingest = ingestOf(partial, { digest: digester.digest() });
    await ingest.write(text('abc'));
    await ingest.commit();
    expect(partial.calls).toEqual(['flush', 'publish']);
  });

  it('falls back to what was kept when room cannot be made', async () => {
    const partial = new NarrowPartial();
    const ingest = ingestOf(partial);
    await ingest.write(text('abcdef'));
    partial.failNext = 'makeRoom';
    await expect(ingest.write(text('ghijkl'))).rejects.toMatchObject({ code: 'STORAGE' });
    expect(ingest.offset).toBe(4);
    await ingest.write(text('EF'));
    expect((await ingest.commit()).digest).toBe(await digestBytes(text('abcdEF')));
  });

  it('falls back to what was kept when a flush or a truncation fails', async () => {
    const partial = new NarrowPartial('abc');
    const ingest = ingestOf(partial);
    await ingest.write(text('d'));
    partial.failNext = 'flush';
    await expect(ingest.commit()).rejects.toMatchObject({ code: 'STORAGE' });
    expect(ingest.offset).toBe(3);
    partial.failNext = 'truncate';
    await expect(ingest.truncate(1)).rejects.toMatchObject({ code: 'STORAGE' });
    expect(ingest.offset).toBe(3);
    expect((await ingest.commit()).digest).toBe(await digestBytes(text('abc')));
  });

  it('stays open when it cannot be read or published', async () => {
    const partial = new NarrowPartial('abc');
    const ingest = ingestOf(partial);
    for (const call of ['replay', 'publish']) {
      partial.failNext = call;
      await expect(ingest.commit()).rejects.toMatchObject({ code: 'STORAGE' });
    }
    await ingest.write(text('d'));
    expect((await ingest.commit()).digest).toBe(await digestBytes(text('abcd')));
  });

  it('goes on from the hash that was saved, and reads what came after it', async () => {
    const partial = new NarrowPartial();
    const first = ingestOf(partial, {}, true);
    await first.write(text('abcdef'));
    await first.close();
    expect(partial.savedHash).toMatchObject({ algorithm: 'sha256', size: 6 });
    partial.bytes.push(...text('gh'));
    partial.kept = 8;
    partial.calls.length = 0;
    const next = ingestOf(partial, {}, true);
    await next.write(text('i'));
    expect((await next.commit()).digest).toBe(await digestBytes(text('abcdefghi')));
    expect(partial.calls).toEqual(['replay 6-8', 'flush', 'publish']);
  });

  it('reads everything where the saved hash is of no use', async () => {
    const saver = new NarrowPartial();
    const saving = ingestOf(saver, {}, true);
    await saving.write(text('abc'));
    await saving.close();
    const { savedHash } = saver;
    if (savedHash === undefined) throw new Error('nothing was saved');
    const useless: SavedHash[] = [
      { ...savedHash, size: 9 },
      { ...savedHash, algorithm: 'sha512' },
      { ...savedHash, state: savedHash.state.subarray(1) },
    ];
    for (const hash of useless) {
      const partial = new NarrowPartial('abc');
      partial.savedHash = hash;
      expect((await ingestOf(partial, {}, true).commit()).digest).toBe(await digestBytes(text('abc')));
      expect(partial.calls).toEqual(['flush', 'replay 0-3', 'publish']);
    }
  });

  it('is closed once, even when closing fails', async () => {
    const partial = new NarrowPartial();
    let closed = 0;
    const onClose = (): void => {
      closed += 1;
    };
    const ingest = new VerifiedIngest('ref', {
      partial,
      expected: { labels: {} },
      resumableHash: false,
      onClose,
    });
    await ingest.write(text('ab'));
    partial.failNext = 'close';
    await expect(ingest.close()).rejects.toMatchObject({ code: 'STORAGE' });
    expect(ingest.offset).toBe(0);
    await ingest.close();
    await ingest[Symbol.asyncDispose]();
    expect(closed).toBe(1);
    expect(partial.calls).toEqual(['close']);
  });

  it('publishes the bytes that it hashed though they change while it waits for room', async () => {
    const partial = new NarrowPartial();
    const ingest = ingestOf(partial);
    const bytes = text('abcdefgh');
    await ingest.write(text(''));
    const write = ingest.write(bytes);
    bytes.fill(0x78);
    await write;
    const stored = Uint8Array.from(partial.bytes);
    expect((await ingest.commit()).digest).toBe(await digestBytes(stored));
  });
});
