import type { RegistryLimits } from '@stowage/registry-server';
import type { AuthConfig, DigestAlgorithm, UploadSession } from '@stowage/types';
import type { ExpectedError, ExpectedRequests } from './reading-scenario.ts';
import type { ScenarioStep } from './script.ts';

/** The size of the blob that scenarios upload, bytes. */
export const UPLOAD_SIZE = 300_000;

/** How the blob is uploaded. */
export interface Uploading {
  /** As a stream that is read once. Default: as content whose digest is known. */
  readonly stream?: true;
  readonly chunkSize?: number;
  readonly algorithm?: DigestAlgorithm;
  /** Goes on with this. */
  readonly session?: UploadSession;
  /** Keeps the session when the upload fails, and then goes on in another repository. */
  readonly again?: true;
  /** Aborts with the reason `enough` when so many bytes are known to have arrived. */
  readonly abortAt?: number;
}

/** What is asked of a repository, as data. Names in braces stand for digests, paths and hosts. */
export type WritingCall =
  | ({ readonly kind: 'upload' } & Uploading)
  | {
      readonly kind: 'mount';
      readonly from?: string;
      /** Uploads the blob where it could not be mounted. */
      readonly upload?: true;
    }
  | {
      readonly kind: 'put';
      readonly reference: string;
      /** The name of a document of the content. */
      readonly document: string;
      readonly tags?: readonly string[];
    }
  | { readonly kind: 'delete'; readonly reference: string }
  | { readonly kind: 'delete-blob'; readonly digest: string }
  | { readonly kind: 'cancel'; readonly session: UploadSession };

/** What must come of a call. */
export interface WritingExpectation {
  /** What the call gave: a digest, whether it was mounted. */
  readonly value?: unknown;
  readonly error?: ExpectedError;
  readonly requests: ExpectedRequests;
  /** How long was waited between requests, milliseconds. */
  readonly waits?: readonly number[];
  /** Whether the repository has the blob, byte for byte. Default: when an upload did not fail. */
  readonly blob?: boolean;
  /** The digests of the index under the fallback tag; nothing: there must be none. */
  readonly fallback?: readonly string[];
  /** The tags of the repository afterwards, where it matters. */
  readonly tags?: readonly string[];
}

/** A registry that behaves in some way, a call, and what must come of it. */
export interface WritingScenario {
  /** What the registry does, with whose it is or where it was seen. */
  readonly name: string;
  readonly steps: readonly ScenarioStep[];
  readonly call: WritingCall;
  readonly auth?: AuthConfig;
  /** What the registry takes. */
  readonly limits?: Partial<RegistryLimits>;
  /** Manifests that are in the repository before, by tag; names in braces of documents. */
  readonly held?: Readonly<Record<string, string>>;
  readonly expect: WritingExpectation;
  /** `false` where it takes Node: the others do not read an answer that comes before they sent everything. */
  readonly portable?: false;
  /** What differs in a page; `false` where a page cannot have it. */
  readonly page?: false | { readonly requests: ExpectedRequests };
}
