import { digestBytes, streamOf } from '@stowage/core';
import type { ContentUpload, Digest, Repository, UploadSession } from '@stowage/types';
import { createRepository } from '../repository/repository.ts';
import type { RepositoryInit } from '../repository/repository.ts';
import { endpointOf, REGISTRY } from './fixtures.ts';
import { TestClock } from './scripted-fetch.ts';
import type { UploadRegistry } from './upload-registry.ts';

/** Bytes of which no two runs are alike. */
export function noise(size: number): Uint8Array {
  let state = 12345;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 24;
  });
}

/** A repository `team/app` at a registry for uploads. */
export function writable(
  registry: UploadRegistry,
  init: Partial<RepositoryInit> = {},
): { readonly repository: Repository; readonly clock: TestClock } {
  const clock = new TestClock();
  const repository = createRepository({
    endpoint: endpointOf(REGISTRY),
    name: 'team/app',
    actions: ['pull', 'push'],
    fetch: registry.fetch,
    clock,
    random: () => 1,
    ...init,
  });
  return { repository, clock };
}

/** Whether two runs of bytes are the same, which a comparison of arrays takes seconds for. */
export function sameBytes(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one?.byteLength === other.byteLength && other.every((byte, at) => byte === one[at]);
}

/** Content in memory, and from where it was opened. */
export async function contentOf(
  bytes: Uint8Array,
): Promise<{ readonly content: ContentUpload; readonly opened: number[]; readonly digest: Digest }> {
  const opened: number[] = [];
  const digest = await digestBytes(bytes);
  const content: ContentUpload = {
    digest,
    size: bytes.byteLength,
    open: (offset) => {
      opened.push(offset);
      return Promise.resolve(streamOf(...piecesOf(bytes.subarray(offset))));
    },
  };
  return { content, opened, digest };
}

/** A stream in pieces of a length that fits nothing. */
export function oneShot(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return streamOf(...piecesOf(bytes));
}

/** Remembers the sessions that an upload tells of, as they come back from JSON. */
export function sessionLog(): {
  readonly sessions: UploadSession[];
  readonly onSession: (session: UploadSession) => void;
} {
  const sessions: UploadSession[] = [];
  return {
    sessions,
    onSession: (session) => {
      sessions.push(JSON.parse(JSON.stringify(session)) as UploadSession);
    },
  };
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const size = bytes.byteLength > 1000 ? 70_001 : 7;
  for (let at = 0; at < bytes.byteLength; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}
