import type { RegistryError } from '@stowage/types';
import type { Answer } from '../transport/answer.ts';
import type { RetryDeps } from '../transport/retry.ts';
import type { SessionRequest } from './session.ts';

/** Sends requests for readers, and words what fails: a session with a registry, or one with a host that is nobody's. */
export interface Requester {
  /**
   * Sends a request and has its answer read. Reading is part of the attempt.
   *
   * @param read gets the answer, whatever its status, and must read or discard its body
   */
  exchange<T>(request: SessionRequest, read: (answer: Answer) => Promise<T>): Promise<T>;
  /** The error for an answer that is no success. */
  failure(answer: Answer, signal: AbortSignal | undefined): Promise<RegistryError>;
}

/** Where a reader reads from, and what it waits by. */
export interface ReaderDeps extends RetryDeps {
  readonly requester: Requester;
}
