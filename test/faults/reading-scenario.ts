import type { AuthConfig } from '@stowage/types';
import type { ScenarioStep } from './script.ts';

/** The size of the blob that scenarios read, bytes. */
export const BLOB_SIZE = 300_000;

/** How a blob is read; a number of bytes after which the reader has enough of it ends that. */
export interface BlobReading {
  readonly offset?: number;
  readonly length?: number;
  readonly size?: number;
  readonly verify?: boolean;
  readonly connections?: number;
  readonly partSize?: number;
  readonly urls?: readonly string[];
  /** Aborts with the reason `enough` after so many bytes. */
  readonly abortAfter?: number;
  /** Cancels the stream after so many bytes. */
  readonly cancelAfter?: number;
}

/** What is asked of a repository, as data. Names in braces stand for digests and hosts. */
export type ReadingCall =
  | ({ readonly kind: 'blob'; readonly digest?: string } & BlobReading)
  | { readonly kind: 'stat'; readonly digest?: string }
  | { readonly kind: 'manifest' | 'head'; readonly reference: string }
  | { readonly kind: 'tags' | 'catalog'; readonly pageSize?: number; readonly maxEntries?: number }
  | {
      readonly kind: 'referrers';
      readonly digest?: string;
      readonly artifactType?: string;
      readonly maxEntries?: number;
    };

/** Every request that was sent, in order; how many, or from how many to how many, where that is left to chance. */
export type ExpectedRequests =
  readonly string[] | number | { readonly atLeast: number; readonly atMost: number };

/** How a call must fail. `enough` is the reason of the signal. */
export type ExpectedError =
  | {
      readonly code: string;
      readonly reason?: string;
      readonly status?: number;
      readonly retryable?: boolean;
      readonly message?: string;
    }
  | 'enough';

/** What must come of a call. */
export interface ReadingExpectation {
  /** The bytes that came, whatever happened then: from this byte of the blob up to that one. */
  readonly blob?: readonly [number, number];
  /** What the call gave: the digest of a manifest, a size, names, digests of referrers. */
  readonly value?: unknown;
  readonly error?: ExpectedError;
  readonly requests: ExpectedRequests;
  /** How long was waited between requests, milliseconds. */
  readonly waits?: readonly number[];
}

/** A registry that behaves in some way, a call, and what must come of it. */
export interface ReadingScenario {
  /** What the registry does, with whose it is or where it was seen. */
  readonly name: string;
  readonly steps: readonly ScenarioStep[];
  readonly call: ReadingCall;
  /** Reads an OCI layout on a static server in place of a registry. */
  readonly layout?: true;
  readonly auth?: AuthConfig;
  readonly expect: ReadingExpectation;
  /** Whether it takes that every byte is had that came before a connection broke: Bun and browsers lose some. */
  readonly lossless?: true;
  /** `false` where a page cannot have it: because it may not see or send what it takes, or the browser does it itself. */
  readonly page?: false | PageExpectation;
}

/** What differs in a page. */
export interface PageExpectation {
  /** Other requests, where the browser follows redirects by itself. */
  readonly requests: ExpectedRequests;
}
