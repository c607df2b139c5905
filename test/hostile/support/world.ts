import { createRepository } from '@stowage/registry';
import type { RepositoryInit } from '@stowage/registry';
import { isStowageError } from '@stowage/types';
import type { AuthConfig, Clock, Digest, Repository } from '@stowage/types';

/** A request as a hostile server gets it. */
export interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
}

/** What a host of a {@link World} answers. */
export type Answerer = (seen: Seen) => Response;

export const ANN: AuthConfig = { username: 'ann', password: 'hunter2' };
/** Every form in which a secret of these tests can show up. */
const SECRETS: readonly string[] = [
  'hunter2',
  btoa('ann:hunter2'),
  'refresh-secret',
  btoa(':refresh-secret'),
  'token-secret',
];
/** Of a blob that is nowhere. */
export const NOTHING: Digest = `sha256:${'0'.repeat(64)}` as Digest;

/** Hosts that answer as told; anything else cannot be reached. Time passes at once, but for time limits. */
export class World {
  readonly seen: Seen[] = [];
  readonly waits: number[] = [];
  now = 0;
  readonly #answerers: Readonly<Record<string, Answerer>>;

  constructor(answerers: Readonly<Record<string, Answerer>>) {
    this.#answerers = answerers;
  }

  readonly fetch = async (address: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(address);
    const body = typeof init.body === 'string' ? init.body : '';
    const seen = { method: init.method ?? 'GET', url, headers: new Headers(init.headers), body };
    this.seen.push(seen);
    const answerer = this.#answerers[url.origin];
    if (answerer === undefined) throw new TypeError(`cannot reach ${url.origin}`);
    return await Promise.resolve(answerer(seen));
  };

  readonly clock: Clock = {
    now: () => this.now,
    sleep: async (milliseconds, { signal } = {}) => {
      if (milliseconds === 15_000) {
        await new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            reject(new Error('no longer waited for'));
          });
        });
      }
      this.waits.push(milliseconds);
      this.now += milliseconds;
    },
  };

  repository(url: string, init: Partial<RepositoryInit> = {}): Repository {
    const endpoint = { url, mirror: false, official: false, insecure: false };
    return createRepository({ endpoint, name: 'team/app', fetch: this.fetch, clock: this.clock, ...init });
  }

  /** The origins that got to see a secret. */
  leaks(): string[] {
    const told = this.seen.filter(({ url, headers, body }) => {
      const text = [url.href, body, ...[...headers].map(([, value]) => value)].join('\n');
      return SECRETS.some((secret) => decodeURIComponent(text).includes(secret));
    });
    return [...new Set(told.map(({ url }) => url.origin))];
  }

  /** The origins that were asked anything. */
  origins(): string[] {
    return [...new Set(this.seen.map(({ url }) => url.origin))];
  }
}

/** A 401 that says how to get in. */
export function challenge(header: string, status = 401): Response {
  const errors = [{ code: 'UNAUTHORIZED', message: 'no' }];
  return Response.json({ errors }, { status, headers: { 'www-authenticate': header } });
}

export function redirect(location: string, status = 307): Response {
  return new Response(null, { status, headers: { location } });
}

/** Lets those in who bring an `Authorization`, and names how to get one. */
export function asking(header: string, inside: Answerer = () => Response.json({ tags: ['v1'] })): Answerer {
  return (seen) =>
    seen.headers.has('authorization') && seen.url.pathname !== '/v2/' ? inside(seen) : challenge(header);
}

/** Every tag of a repository. */
export async function tags(repository: Repository): Promise<string[]> {
  const found: string[] = [];
  for await (const tag of repository.tags()) found.push(tag);
  return found;
}

/** The code that a promise rejects with; `resolved` when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await failureOf(promise)).replace(/ .*$/s, '');
}

/** The code that a promise rejects with, and its reason; `resolved` when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'resolved',
    (error: unknown) =>
      isStowageError(error) ? `${error.code} ${error.reason ?? '-'}` : `untyped: ${String(error)}`,
  );
}

/** A body without end, which counts how much of it was taken. */
export function endless(): { body: ReadableStream<Uint8Array<ArrayBuffer>>; taken: () => number } {
  let taken = 0;
  const chunk = new Uint8Array(64 * 1024).fill(0x20);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller): void {
        taken += chunk.byteLength;
        controller.enqueue(chunk);
      },
    },
    { highWaterMark: 0 },
  );
  return { body, taken: () => taken };
}
