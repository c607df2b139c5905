import type { Clock, Fetch } from '@stowage/types';

/** An answer as data. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  readonly json?: unknown;
  /** No answer: `fetch` rejects with this. */
  readonly error?: unknown;
  /** Never answers; rejects when its signal fires. */
  readonly hangs?: boolean;
  /** What `Response.type` says. */
  readonly type?: ResponseType;
  /** Where the runtime ended up after redirects that it followed itself. */
  readonly followedTo?: string;
}

/** A request as it was sent. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly redirect: RequestRedirect | undefined;
}

/** What a script says: for each `METHOD url` its answers in order, the last one for good. */
export type Script = Readonly<Record<string, Reply | readonly Reply[] | ((sent: Sent) => Reply)>>;

/** A network that follows a script and remembers what it was asked. A request that is not in the script is an error. */
export class ScriptedFetch {
  readonly sent: Sent[] = [];
  readonly #script: Script;
  readonly #used = new Map<string, number>();

  constructor(script: Script) {
    this.#script = script;
  }

  /** `METHOD url` of every request, in order. */
  get log(): string[] {
    return this.sent.map(({ method, url }) => `${method} ${url}`);
  }

  /** The `Authorization` headers of the requests to a URL, in order; `-` where there was none. */
  authorizations(urlPrefix: string): string[] {
    return this.sent
      .filter(({ url }) => url.startsWith(urlPrefix))
      .map(({ headers }) => headers['authorization'] ?? '-');
  }

  readonly fetch: Fetch = async (url, init = {}) => {
    const { method = 'GET', headers, body, redirect, signal } = init;
    const sent = {
      method,
      url,
      headers: headers as Record<string, string>,
      body: body as string | undefined,
      redirect,
    };
    this.sent.push(sent);
    signal?.throwIfAborted();
    const reply = this.#reply(`${method} ${url}`, sent);
    if (reply.hangs === true) return await hang(signal);
    if ('error' in reply) throw reply.error;
    return responseOf(reply, method);
  };

  #reply(key: string, sent: Sent): Reply {
    const replies = this.#script[key];
    if (replies === undefined) throw new Error(`not in the script: ${key}`);
    if (typeof replies === 'function') return replies(sent);
    const list: readonly Reply[] = 'length' in replies ? replies : [replies];
    const used = this.#used.get(key) ?? 0;
    this.#used.set(key, used + 1);
    return list[Math.min(used, list.length - 1)] ?? {};
  }
}

function responseOf(
  { status = 200, headers = {}, body, json, type, followedTo }: Reply,
  method: string,
): Response {
  const content = json === undefined ? body : JSON.stringify(json);
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const response = new Response(method === 'HEAD' ? null : (bytes ?? null), { status, headers });
  if (type !== undefined) Object.defineProperty(response, 'type', { value: type });
  if (followedTo !== undefined) {
    Object.defineProperty(response, 'url', { value: followedTo });
    Object.defineProperty(response, 'redirected', { value: true });
  }
  return response;
}

function hang(signal: AbortSignal | null | undefined): Promise<Response> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}

/** A clock that remembers its sleeps and lets none of them last, but for those that stand for time limits. */
export class TestClock implements Clock {
  /** The sleeps that were slept to their end, milliseconds. */
  readonly slept: number[] = [];
  /** Whether time limits of 15 s run out at once rather than never. */
  readonly limitsExpire: boolean;
  #now = Date.parse('2026-01-01T00:00:00Z');

  constructor(options: { readonly limitsExpire?: boolean } = {}) {
    this.limitsExpire = options.limitsExpire ?? false;
  }

  now(): number {
    return this.#now;
  }

  /** Lets time pass, milliseconds. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  async sleep(
    milliseconds: number,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    if (milliseconds === 15_000 && !this.limitsExpire) {
      await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    }
    this.slept.push(milliseconds);
    this.advance(milliseconds);
  }
}
