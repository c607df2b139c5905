import { digestBytes } from '@stowage/core';
import type { Bytes, Descriptor, Digest, Fetch } from '@stowage/types';
import { tarOf } from './test-registry.ts';

/** What is served under a path. */
interface Served {
  readonly bytes: Bytes;
  readonly type: string;
  readonly digest: Digest;
}

const encoder = new TextEncoder();

/** A registry that serves whatever it is given, sound or not, under every host name. */
export class FakeRegistry {
  /** `METHOD path` of every request, pings left out. */
  readonly requests: string[] = [];
  /** Answers in place of the registry where it gives one. */
  instead: (request: string, url: URL) => Response | undefined = () => undefined;
  readonly #served = new Map<string, Served>();

  readonly fetch: Fetch = (text, init) => {
    const url = new URL(text);
    const request = `${init?.method ?? 'GET'} ${url.pathname}`;
    if (url.pathname !== '/v2/') this.requests.push(request);
    return Promise.resolve(this.instead(request, url) ?? this.#answer(request, url.pathname));
  };

  /** Puts a blob into a repository. */
  async blob(repository: string, content: Bytes | string, mediaType: string): Promise<Descriptor> {
    const bytes = typeof content === 'string' ? encoder.encode(content) : content;
    const digest = await digestBytes(bytes);
    this.#served.set(`/v2/${repository}/blobs/${digest}`, {
      bytes,
      type: 'application/octet-stream',
      digest,
    });
    return { mediaType, digest, size: bytes.length };
  }

  /** Puts a layer with the files named into a repository. */
  layer(repository: string, files: Readonly<Record<string, string>>, mediaType: string): Promise<Descriptor> {
    return this.blob(repository, tarOf(files), mediaType);
  }

  /**
   * Puts a manifest into a repository, by its digest and by tags.
   *
   * @param digest what it is known by, where that is not the digest of its bytes
   */
  async manifest(
    repository: string,
    tags: readonly string[],
    document: object | string,
    type: string,
    digest?: Digest,
  ): Promise<Descriptor> {
    const bytes = encoder.encode(typeof document === 'string' ? document : JSON.stringify(document));
    const served = { bytes, type, digest: digest ?? (await digestBytes(bytes)) };
    for (const name of [...tags, served.digest]) {
      this.#served.set(`/v2/${repository}/manifests/${name}`, served);
    }
    return { mediaType: type, digest: served.digest, size: bytes.length };
  }

  #answer(request: string, path: string): Response {
    if (path === '/v2/') return new Response('{}');
    const served = this.#served.get(path);
    if (served === undefined)
      return refusal(404, path.includes('/manifests/') ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN');
    const { bytes, type, digest } = served;
    const headers = {
      'content-type': type,
      'content-length': String(bytes.length),
      'docker-content-digest': digest,
    };
    return new Response(request.startsWith('HEAD') ? null : new Uint8Array(bytes), { headers });
  }
}

/** An answer with an error list that says more than its code. */
export function refusal(status: number, code: string, message = 'says the registry'): Response {
  return Response.json({ errors: [{ code, message }] }, { status });
}
