import { digestBytes, streamOf } from '@stowage/core';
import { createRepository } from '@stowage/registry';
import type { RetryOptions } from '@stowage/registry';
import type {
  AuthConfig,
  ContentUpload,
  Digest,
  Repository,
  StreamUpload,
  UploadSession,
} from '@stowage/types';
import { noise } from '../support/noise.ts';
import { describeError, neverStalled, pageFetch, scriptedClock, stalledRemotely } from './runner-support.ts';
import type { RunnerDeps } from './runner-support.ts';
import { UPLOAD_SIZE } from './writing-scenario.ts';
import type { Uploading, WritingCall } from './writing-scenario.ts';

// Runs the same in every runtime: bundled into a program or a page, or right in the process of the tests.

/** A scenario as a runtime gets it: names replaced by what they stand for. */
export interface WritingTask {
  readonly registry: string;
  readonly call: WritingCall;
  /** The document to put, where there is one. */
  readonly document?: string;
  readonly auth?: AuthConfig;
  /** Answers when an answer of the registry stands still. */
  readonly stallsUrl?: string;
}

/** What came of a scenario in some runtime. */
export interface WritingOutcome {
  readonly value?: unknown;
  readonly error?: unknown;
  readonly waits: readonly number[];
}

/** Opens the repository anew. */
type Open = (retry?: RetryOptions) => Repository;
type Upload = ContentUpload | StreamUpload;

/** How much of a stream comes at a time: no chunk ends where one of these does. */
const PIECE = 70_001;

/** Does what a task says and tells what came of it. */
export async function runWriting(task: WritingTask, deps: RunnerDeps = {}): Promise<WritingOutcome> {
  const remote = (signal?: AbortSignal): Promise<void> => stalledRemotely(task.stallsUrl ?? '', signal);
  const isLeft = task.call.kind === 'upload' && task.call.abortAt !== undefined;
  const { clock, waits } = scriptedClock(isLeft ? neverStalled : (deps.stalled ?? remote));
  const fetch = deps.fetch ?? pageFetch;
  const { registry: url, auth, call } = task;
  const open: Open = (retry) =>
    createRepository({
      endpoint: { url, mirror: false, official: false, insecure: false },
      name: 'team/app',
      actions: ['pull', 'push'],
      auth,
      clock,
      random: () => 1,
      retry,
      ...(fetch === undefined ? {} : { fetch }),
    });
  try {
    return { value: await perform(open, call, task.document ?? ''), waits };
  } catch (error) {
    return { error: describeError(error), waits };
  }
}

/** Runs task after task. */
export async function runWritings(tasks: readonly WritingTask[]): Promise<WritingOutcome[]> {
  const outcomes: WritingOutcome[] = [];
  for (const task of tasks) outcomes.push(await runWriting(task));
  return outcomes;
}

async function perform(open: Open, call: WritingCall, document: string): Promise<unknown> {
  const { blobs, manifests } = open();
  switch (call.kind) {
    case 'upload':
      return call.again === true ? await uploadAgain(open, call) : await upload(open(), call);
    case 'mount':
      return await mount(open(), call);
    case 'put': {
      const { mediaType } = JSON.parse(document) as { mediaType: string };
      const bytes = new TextEncoder().encode(document);
      return (await manifests.put(call.reference, bytes, mediaType, { tags: call.tags })).digest;
    }
    case 'delete':
      await manifests.delete(call.reference);
      return 'deleted';
    case 'delete-blob':
      await blobs.delete(call.digest as Digest);
      return 'deleted';
    case 'cancel':
      await blobs.cancel(call.session);
      return 'cancelled';
  }
}

async function mount(
  repository: Repository,
  { from, upload: wanted }: { readonly from?: string; readonly upload?: true },
): Promise<unknown> {
  const digest = await digestBytes(noise(UPLOAD_SIZE));
  const { mounted, session, failure } = await repository.blobs.mount(digest, { from });
  if (!mounted && wanted === true) {
    return await upload(repository, session === undefined ? {} : { session });
  }
  return {
    mounted,
    session: session !== undefined,
    ...(failure === undefined ? {} : { code: failure.code }),
  };
}

async function upload(repository: Repository, call: Uploading): Promise<string> {
  return (await repository.blobs.upload(await uploadOf(call))).digest;
}

/** Uploads, and when that fails goes on with the last session as another process would: from what JSON kept of it. */
async function uploadAgain(open: Open, call: Uploading): Promise<string> {
  let kept = '';
  const onSession = (session: UploadSession): void => {
    kept = JSON.stringify(session);
  };
  const failed = await open({ attempts: 1 })
    .blobs.upload({ ...(await uploadOf(call)), onSession })
    .then(
      () => false,
      () => true,
    );
  if (!failed) throw new Error('the first upload did not fail');
  const session = JSON.parse(kept) as UploadSession;
  return await upload(open(), { ...call, session });
}

async function uploadOf({ stream, chunkSize, algorithm, session, abortAt }: Uploading): Promise<Upload> {
  const bytes = noise(UPLOAD_SIZE);
  const abort = new AbortController();
  const options = {
    ...(chunkSize === undefined ? {} : { chunkSize }),
    ...(session === undefined ? {} : { session }),
    ...(abortAt === undefined
      ? {}
      : {
          signal: abort.signal,
          onProgress: ({ current }: { readonly current: number }): void => {
            if (current >= abortAt) abort.abort('enough');
          },
        }),
  };
  const from = (offset: number): ReadableStream<Uint8Array> => streamOf(...piecesOf(bytes.subarray(offset)));
  if (stream === true) {
    return {
      ...options,
      stream: from(session?.offset ?? 0),
      ...(algorithm === undefined ? {} : { algorithm }),
    };
  }
  const digest = await digestBytes(bytes, algorithm);
  return { ...options, digest, size: bytes.byteLength, open: (offset) => Promise.resolve(from(offset)) };
}

function piecesOf(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; at += PIECE) pieces.push(bytes.subarray(at, at + PIECE));
  return pieces;
}
