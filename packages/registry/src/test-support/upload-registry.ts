import { digestBytes } from '@stowage/core';
import { asDigest, parseDigest } from '@stowage/types';
import type { Fetch } from '@stowage/types';
import { REGISTRY } from './fixtures.ts';

/** A request of an upload, before it is answered. */
export interface UploadRequest {
  /** Counted from 0. */
  readonly index: number;
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** What a registry does in place of what it should; nothing where it answers nothing. */
export type UploadQuirk = (
  request: UploadRequest,
  registry: UploadRegistry,
) => Promise<Response | undefined> | Response | undefined;

/** A registry that takes uploads into `team/app`, as well as it is let. */
export class UploadRegistry {
  readonly log: string[] = [];
  readonly requests: UploadRequest[] = [];
  readonly blobs = new Map<string, Uint8Array>();
  readonly sessions = new Map<string, Uint8Array>();
  readonly #quirk: UploadQuirk;
  readonly #beginHeaders: Readonly<Record<string, string>>;
  #count = 0;

  constructor(quirk: UploadQuirk = () => undefined, beginHeaders: Readonly<Record<string, string>> = {}) {
    this.#quirk = quirk;
    this.#beginHeaders = beginHeaders;
  }

  readonly fetch: Fetch = async (address, init = {}) => {
    init.signal?.throwIfAborted();
    const method: string = init.method ?? 'GET';
    const body = new Uint8Array(await new Response(init.body ?? null).arrayBuffer());
    const url = new URL(address);
    const request = { index: this.#count++, method, url, headers: new Headers(init.headers), body };
    this.requests.push(request);
    this.log.push(`${method} ${address.replace(REGISTRY, '')}`);
    return (await this.#quirk(request, this)) ?? (await this.answer(request));
  };

  /** The methods of the requests, in order. */
  get methods(): string {
    return this.requests.map(({ method }) => method).join(' ');
  }

  /** What a good registry does. */
  async answer({ method, url, headers, body }: UploadRequest): Promise<Response> {
    const { pathname } = url;
    if (method === 'POST') return this.#begin();
    if (pathname.includes('/blobs/sha')) {
      const blob = this.blobs.get(pathname.split('/').at(-1) ?? '');
      if (blob === undefined) return errorOf(404, 'BLOB_UNKNOWN');
      return new Response(null, { headers: { 'content-length': String(blob.byteLength) } });
    }
    const id = pathname.split('/').at(-1) ?? '';
    const held = this.sessions.get(id);
    if (held === undefined) return errorOf(404, 'BLOB_UPLOAD_UNKNOWN');
    if (method === 'GET') return this.session(204, id);
    if (method === 'DELETE') {
      this.sessions.delete(id);
      return new Response(null, { status: 204 });
    }
    const range = /^(\d+)-(\d+)$/.exec(headers.get('content-range') ?? '');
    if (range !== null && Number(range[1]) !== held.byteLength) return this.session(416, id);
    this.sessions.set(id, joined(held, body));
    if (method === 'PATCH') return this.session(202, id);
    return await this.#close(id, url.searchParams.get('digest') ?? '');
  }

  /** Where an upload is, and how much of it. */
  session(status: number, id: string, headers: Readonly<Record<string, string>> = {}): Response {
    const held = this.sessions.get(id)?.byteLength ?? 0;
    return new Response(null, {
      status,
      headers: { location: this.location(id), range: `0-${String(Math.max(0, held - 1))}`, ...headers },
    });
  }

  /** With a state in its query that must stay as it is. */
  location(id: string): string {
    return `/v2/team/app/blobs/upload/${id}?_state=a%2Fb+c%3D%3D&x=%7e`;
  }

  #begin(): Response {
    const id = `u${String(this.sessions.size + this.#count)}`;
    this.sessions.set(id, new Uint8Array());
    return this.session(202, id, this.#beginHeaders);
  }

  async #close(id: string, named: string): Promise<Response> {
    const digest = asDigest(named);
    const bytes = this.sessions.get(id) ?? new Uint8Array();
    this.sessions.delete(id);
    const { algorithm } = parseDigest(digest);
    if ((await digestBytes(bytes, algorithm)) !== digest) return errorOf(400, 'DIGEST_INVALID');
    this.blobs.set(digest, bytes);
    const headers = { location: `/v2/team/app/blobs/${digest}`, 'docker-content-digest': digest };
    return new Response(null, { status: 201, headers });
  }
}

/** An answer with an error list. */
export function errorOf(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ errors: [{ code, message: code.toLowerCase() }] }, { status, headers });
}

/** What `fetch` fails with when its connection breaks. */
export function cut(): Error {
  return new TypeError('fetch failed', {
    cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  });
}

/** One run of bytes after another. */
export function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const all = new Uint8Array(one.byteLength + other.byteLength);
  all.set(one);
  all.set(other, one.byteLength);
  return all;
}
