import { asDigest, isStowageError } from '@stowage/types';
import type { describe, expect, it } from 'vitest';
import type {
  Bytes,
  ByteStream,
  ContentInfo,
  Digest,
  ErrorCode,
  Storage,
  StowageError,
} from '@stowage/types';

/** What a suite needs of a test runner: vitest's, or anything that has its shape. */
export interface TestApi {
  readonly describe: typeof describe;
  readonly it: typeof it;
  readonly expect: typeof expect;
}

/** A fresh, empty storage to test. */
export interface StorageSubject {
  readonly storage: Storage;
  /** Removes what the subject left behind. The storage may be closed already. */
  teardown(): Promise<void>;
  /** Opens the same store once more, where the driver keeps it; the one before is closed by then. */
  reopen?(): Promise<Storage>;
}

/** Makes a fresh {@link StorageSubject} for each test. */
export type StorageSetup = () => Promise<StorageSubject>;

/** A test body that gets a fresh subject, torn down however the test ends. */
export function withSubject(
  setup: StorageSetup,
  body: (subject: StorageSubject) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const subject = await setup();
    try {
      await body(subject);
    } finally {
      await subject.teardown();
    }
  };
}

/** The store as its next user finds it: closed and opened again where the driver keeps anything, else itself. */
export async function reopened(subject: StorageSubject): Promise<Storage> {
  if (subject.reopen === undefined) return subject.storage;
  await subject.storage.close();
  return subject.reopen();
}

/** `size` bytes that look random and are the same in every run. */
export function noise(size: number, seed = 1): Bytes {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** UTF-8. */
export function text(value: string): Bytes {
  return new TextEncoder().encode(value);
}

/** A digest from WebCrypto, which no driver uses. */
export async function digestOf(bytes: Bytes, algorithm: 'sha256' | 'sha512' = 'sha256'): Promise<Digest> {
  const name = algorithm === 'sha256' ? 'SHA-256' : 'SHA-512';
  const hash = new Uint8Array(await crypto.subtle.digest(name, new Uint8Array(bytes)));
  return asDigest(`${algorithm}:${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
}

/** Puts a blob into the store. */
export async function put(
  storage: Storage,
  bytes: Bytes,
  labels?: Readonly<Record<string, string>>,
): Promise<ContentInfo> {
  const digest = await digestOf(bytes);
  const ingest = await storage.content.ingest(`put-${digest}`, { digest, size: bytes.byteLength, labels });
  await ingest.write(bytes);
  return ingest.commit();
}

/** All bytes of a stream, or what is left of it. */
export async function drain(stream: ByteStream): Promise<Bytes> {
  const chunks = await all(stream);
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** Every value of an iterable. */
export async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

/** What a promise rejects with; fails when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it was expected to fail and did not');
}

/** The error of a given code that a promise rejects with. */
export async function failure(code: ErrorCode, promise: Promise<unknown>): Promise<StowageError> {
  const error = await rejection(promise);
  if (isStowageError(error, code)) return error;
  throw new Error(`it was expected to fail with ${code}, not with ${String(error)}`, { cause: error });
}

/** Whether two runs of bytes are the same; quick where an assertion library would compare item by item. */
export function sameBytes(left: Bytes, right: Bytes): boolean {
  return left.byteLength === right.byteLength && left.every((byte, index) => byte === right[index]);
}
