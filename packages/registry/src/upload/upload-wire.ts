import { RegistryError, StowageError } from '@stowage/types';
import type { AbortOptions, Digest, DigestAlgorithm, MountResult, UploadSession } from '@stowage/types';
import type { Endpoint } from '../address/endpoint.ts';
import type { ForeignRequester } from '../blob/foreign-urls.ts';
import type { Requester } from '../session/requester.ts';
import type { SessionRequest } from '../session/session.ts';
import type { Answer } from '../transport/answer.ts';
import { discard } from '../transport/body.ts';
import { requestMessage } from '../transport/network-error.ts';
import { retryAfter } from '../transport/retry.ts';
import type { RetryDeps } from '../transport/retry.ts';
import type { WireBody } from '../transport/transport.ts';
import { chunkLimits, uploadedBytes } from './upload-answer.ts';
import { closingUrl, resolveLocation, withParameter } from './upload-location.ts';

/** What uploads are sent with. */
export interface UploadDeps extends RetryDeps {
  readonly requester: Requester;
  /** Asks other origins than the registry's, where it leads uploads to them: without anything of the user's. */
  readonly foreign: ForeignRequester;
  readonly endpoint: Endpoint;
  /** Where uploads begin. */
  readonly uploadsUrl: string;
  readonly allowPrivateRedirects?: boolean | undefined;
}

/** What came back of a request of an upload. */
export interface UploadReply {
  readonly status: number;
  /** How many bytes the registry says it has. */
  readonly count: number | undefined;
  /** The digest that the registry names. */
  readonly digest: string | null;
  /** How long it asks to wait before another try, milliseconds. */
  readonly delay: number | undefined;
  /** The error, for an answer that is no success. */
  readonly failure: RegistryError | undefined;
}

/** Some of the bytes of an upload. */
export interface UploadPiece {
  readonly offset: number;
  readonly length: number;
  readonly body: WireBody;
}

const NEVER = (): boolean => false;
const OCTETS = { 'content-type': 'application/octet-stream' };

/**
 * The requests of one upload (distribution-spec, "Pushing blobs"). Each goes to where the answer before it said; what has
 * an effect is sent once and its failure left to the caller.
 */
export class UploadWire {
  readonly #deps: UploadDeps;
  readonly #signal: AbortSignal | undefined;
  #session: UploadSession;

  constructor(session: UploadSession, deps: UploadDeps, signal: AbortSignal | undefined) {
    this.#deps = deps;
    this.#signal = signal;
    this.#session = { ...checkSession(session), url: locate(session.url, deps) };
  }

  /** Begins an upload. */
  static async begin(
    deps: UploadDeps,
    { algorithm, signal }: AbortOptions & { readonly algorithm: DigestAlgorithm },
  ): Promise<UploadWire> {
    const { requester, uploadsUrl } = deps;
    const url =
      algorithm === 'sha256' ? uploadsUrl : withParameter(uploadsUrl, 'digest-algorithm', algorithm);
    const session = await requester.exchange({ method: 'POST', url, signal }, async (answer) => {
      if (answer.response.status !== 202) throw await requester.failure(answer, signal);
      await discard(answer, signal);
      return sessionOf(answer, deps);
    });
    return new UploadWire(session, deps, signal);
  }

  /** Where the upload goes on, and what the registry says of the sizes of chunks. */
  get session(): UploadSession {
    return this.#session;
  }

  /** Sends bytes. */
  async append({ offset, length, body }: UploadPiece): Promise<UploadReply> {
    const headers = { ...OCTETS, 'content-range': `${String(offset)}-${String(offset + length - 1)}` };
    const request = { method: 'PATCH', url: this.#session.url, headers, body } as const;
    return await this.#send(request, offset === 0 ? 1 : 0);
  }

  /** Closes the upload, with its last bytes where there are any to send. */
  async finish(digest: Digest, body: WireBody): Promise<UploadReply> {
    const url = closingUrl(this.#session.url, digest);
    return await this.#send({ method: 'PUT', url, headers: OCTETS, body }, 1);
  }

  /**
   * Asks how much has arrived.
   *
   * @param known how many bytes are known to have
   */
  async status(known: number): Promise<UploadReply> {
    const { url } = this.#session;
    return await this.#send({ method: 'GET', url, once: false }, known > 0 ? 1 : 0);
  }

  /** Ends the upload. One that is not known is success. */
  async cancel(): Promise<void> {
    const { url } = this.#session;
    const { failure, status } = await this.#send({ method: 'DELETE', url, once: false }, 0);
    if (failure !== undefined && status !== 404 && status !== 410) throw failure;
  }

  async #send(
    request: Pick<SessionRequest, 'method' | 'url' | 'headers' | 'body' | 'once'>,
    single: 0 | 1,
  ): Promise<UploadReply> {
    const { clock } = this.#deps;
    const signal = this.#signal;
    const requester = requesterFor(request.url, this.#deps);
    const once = request.once ?? true;
    const retries = once ? { retryStatus: NEVER } : {};
    return await requester.exchange({ ...request, ...retries, once, signal }, async (answer) => {
      const { status, headers, ok } = answer.response;
      if (request.method !== 'DELETE') this.#follow(answer);
      const failure = ok ? undefined : await requester.failure(answer, signal);
      if (ok) await discard(answer, signal);
      return {
        status,
        count: uploadedBytes(headers, single),
        digest: headers.get('docker-content-digest'),
        delay: retryAfter(headers.get('retry-after'), clock.now()),
        failure,
      };
    });
  }

  /** Goes on where an answer says, but for the one that says where the blob is. */
  #follow(answer: Answer): void {
    const { method, response } = answer;
    const location = response.headers.get('location');
    if (location === null || method === 'PUT' || !(response.ok || response.status === 416)) return;
    const { endpoint, allowPrivateRedirects = false } = this.#deps;
    const url = resolveLocation(location, answer, endpoint, allowPrivateRedirects);
    this.#session = { ...this.#session, url };
  }
}

/**
 * Asks for a blob to be mounted (distribution-spec, "Mounting a blob from another repository"). Whatever the registry
 * answers is a result.
 */
export async function requestMount(
  deps: UploadDeps,
  digest: Digest,
  { from, signal }: AbortOptions & { readonly from: string | undefined },
): Promise<MountResult> {
  const { requester, uploadsUrl } = deps;
  const mount = withParameter(uploadsUrl, 'mount', digest);
  const url = from === undefined ? mount : withParameter(mount, 'from', from);
  const scopes = from === undefined ? [] : [`repository:${from}:pull`];
  return await requester.exchange({ method: 'POST', url, scopes, signal }, async (answer) => {
    const { status } = answer.response;
    if (status !== 201 && status !== 202) {
      return { mounted: false, failure: await requester.failure(answer, signal) };
    }
    await discard(answer, signal);
    return status === 201 ? { mounted: true } : { mounted: false, session: sessionOf(answer, deps) };
  });
}

/** The upload that an answer says has begun. */
function sessionOf(answer: Answer, { endpoint, allowPrivateRedirects = false }: UploadDeps): UploadSession {
  const { method, url, response } = answer;
  const location = response.headers.get('location');
  if (location === null) {
    const message = requestMessage(answer, 'registry began an upload and does not say where');
    throw new RegistryError('REGISTRY', message, { method, url, status: response.status });
  }
  const where = resolveLocation(location, answer, endpoint, allowPrivateRedirects);
  return { url: where, offset: 0, ...chunkLimits(response.headers) };
}

/** Checks where a session leads that somebody kept, as if the registry had just said it. */
function locate(url: string, { endpoint, allowPrivateRedirects = false }: UploadDeps): string {
  const registry = { method: 'GET', url: endpoint.origin };
  return resolveLocation(url, registry, endpoint, allowPrivateRedirects);
}

/** Credentials are the registry's: where it leads an upload elsewhere they stay behind. */
function requesterFor(url: string, { requester, foreign, endpoint }: UploadDeps): Requester {
  return new URL(url).origin === endpoint.origin ? requester : foreign(url);
}

function checkSession(session: UploadSession): UploadSession {
  const { url, offset, minChunkSize = 1, maxChunkSize = 1, digestState = '' } = session;
  const counts = [offset, minChunkSize, maxChunkSize].every(
    (count) => Number.isSafeInteger(count) && count >= 0,
  );
  if (counts && typeof url === 'string' && typeof digestState === 'string') return session;
  throw new StowageError('INVALID_ARGUMENT', 'not the session of an upload');
}
