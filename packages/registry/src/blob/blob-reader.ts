import { createDigester, streamOf } from '@stowage/core';
import { asDigest, isStowageError, MEDIA_TYPES, parseDigest, RegistryError } from '@stowage/types';
import type { BlobReader, ByteStream, Descriptor, Digest } from '@stowage/types';
import { AdaptiveSource } from './blob-adaptive.ts';
import { openInParts, planOf } from './blob-parts.ts';
import { isWhole, partOf, wantedLength } from './blob-part.ts';
import type { BlobPart, PartPlan } from './blob-part.ts';
import { requestBlob } from './blob-request.ts';
import { resumingSource } from './blob-resume.ts';
import { abandon, announcedLength, discard } from '../transport/body.ts';
import { streamOfSource } from '../transport/byte-source.ts';
import type { ByteSource } from '../transport/byte-source.ts';
import { absence, isAbsent } from '../transport/response-error.ts';
import { parseContentRange } from './content-range.ts';
import type { ForeignRequester } from './foreign-urls.ts';
import type { ReaderDeps, Requester } from '../session/requester.ts';

/** What blobs are read with. */
export interface BlobReaderDeps extends ReaderDeps {
  /** Where a blob is. */
  readonly urlOf: (digest: Digest) => string;
  /** Asks other places than the registry. */
  readonly foreign: ForeignRequester;
}

/** Makes the blob reader of a repository. */
export function createBlobReader(deps: BlobReaderDeps): BlobReader {
  const { requester, urlOf } = deps;
  return {
    async stat(digest, { signal } = {}): Promise<Descriptor> {
      const url = urlOf(asDigest(digest));
      const size = await requester.exchange(
        { method: 'HEAD', url, retryStatus: (status) => status === 429, signal },
        async (answer) => {
          if (answer.response.status === 429) throw await requester.failure(answer, signal);
          if (isAbsent(answer)) throw await absence(answer, 'BLOB_UNKNOWN', signal);
          await discard(answer, signal);
          return answer.response.ok ? announcedLength(answer.response) : undefined;
        },
      );
      return {
        mediaType: MEDIA_TYPES.octetStream,
        digest,
        size: size ?? (await probe(requester, url, signal)),
      };
    },

    async open(digest, options = {}): Promise<ByteStream> {
      const url = urlOf(asDigest(digest));
      const part = partOf(options);
      const plan = planOf(options, part);
      const { signal } = part;
      signal?.throwIfAborted();
      if (!isWhole(part) && wantedLength(part) === 0) return streamOf();
      const verified = isWhole(part) && options.verify !== false;
      const verify = verified
        ? { digest, digester: await createDigester(parseDigest(digest).algorithm) }
        : undefined;
      const source = await openSomewhere(deps, [url, ...(options.urls ?? [])], part, plan);
      return streamOfSource(source, { verify, signal });
    },
  };
}

/** Opens the blob at the registry; where that fails, at the first of the other places that gives it. */
async function openSomewhere(
  deps: BlobReaderDeps,
  [home = '', ...elsewhere]: readonly string[],
  part: BlobPart,
  plan: PartPlan | 'auto' | undefined,
): Promise<ByteSource> {
  let failure: unknown;
  try {
    return await openAt(home, part, plan, deps);
  } catch (error) {
    if (!isStowageError(error)) throw error;
    failure = error;
  }
  for (const url of elsewhere) {
    part.signal?.throwIfAborted();
    try {
      return await openAt(url, part, plan, { ...deps, requester: deps.foreign(url) });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function openAt(
  url: string,
  part: BlobPart,
  plan: PartPlan | 'auto' | undefined,
  deps: ReaderDeps,
): Promise<ByteSource> {
  if (typeof plan === 'object') return await openInParts(url, part, plan, deps);
  const opened = await requestBlob({ requester: deps.requester, url, part });
  return plan === 'auto'
    ? new AdaptiveSource(opened, url, part, deps)
    : resumingSource(opened, url, part, deps);
}

/**
 * The size of a blob by a GET of its first byte: for registries that leave `Content-Length` out of the answer to HEAD,
 * and for object stores behind them that refuse HEAD.
 */
async function probe(requester: Requester, url: string, signal: AbortSignal | undefined): Promise<number> {
  const headers = { range: 'bytes=0-0' };
  return await requester.exchange({ method: 'GET', url, headers, signal }, async (answer) => {
    const { method, response } = answer;
    const { status } = response;
    const range = parseContentRange(response.headers.get('content-range') ?? '');
    // An empty blob has no first byte: 416, and the range says 0.
    if (!response.ok && !(status === 416 && range?.size === 0)) throw await requester.failure(answer, signal);
    const size = status === 200 ? announcedLength(response) : range?.size;
    abandon(response);
    if (size !== undefined) return size;
    throw new RegistryError('REGISTRY', 'content length not known', { method, url: answer.url, status });
  });
}
