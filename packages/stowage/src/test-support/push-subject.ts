import { createRegistryServer, toFetch } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import type { Clock, Fetch } from '@stowage/types';
import { openStowage } from '../open-stowage.ts';
import type { PushOptions, Stowage, StowageOptions } from '../stowage.ts';

/** Time in which waits between attempts are over at once, and no request ever times out. */
const clock: Clock = {
  now: () => 0,
  sleep: (milliseconds, options) => {
    options?.signal?.throwIfAborted();
    return milliseconds < 15_000 ? Promise.resolve() : new Promise(() => undefined);
  },
};

/** A registry of ours that pushes go to, under every host name, and what was asked of it. */
export class PushRegistry {
  /** `METHOD path` with what decides of the query, pings left out. */
  requests: string[] = [];
  /** Answers in place of the registry where it gives one. */
  instead: (request: string, init: RequestInit) => Promise<Response | undefined> | undefined = () =>
    undefined;
  readonly #serve = toFetch(createRegistryServer({ storage: createMemoryStorage() }));

  readonly fetch: Fetch = async (text, init = {}) => {
    const url = new URL(text);
    const request = `${init.method ?? 'GET'} ${url.pathname}${kept(url)}`;
    if (url.pathname !== '/v2/') this.requests.push(request);
    return (await this.instead(request, init)) ?? (await this.#serve(text, init));
  };

  /** Opens a store in memory that pushes here. */
  open(options: StowageOptions = {}): Promise<Stowage> {
    return openStowage({ fetch: this.fetch, clock, random: () => 0, ...options });
  }

  /** What was asked since the last call, uploads shortened to what they are. */
  asked(): string[] {
    const asked = this.requests.map((line) => line.replace(/(blobs\/uploads\/)[^?]+/, '$1_'));
    this.requests = [];
    return asked;
  }
}

/** Of a query what tells a mount and a closing request. */
function kept({ searchParams }: URL): string {
  const from = searchParams.get('from');
  if (from !== null) return `?from=${from}`;
  const tags = searchParams.getAll('tag');
  if (tags.length > 0) return `?tag=${tags.join(',')}`;
  return searchParams.has('digest') ? '?digest' : '';
}

/** A push that tells what was said: `id: words`, in order, numbers left out. */
export async function toldPush(stowage: Stowage, reference: string, options: PushOptions = {}) {
  const lines: string[] = [];
  const aux: unknown[] = [];
  const outcome = await stowage
    .push(reference, {
      ...options,
      onProgress: (progress) => {
        if (progress.aux !== undefined) aux.push(progress.aux);
        const line = `${progress.id}: ${progress.message ?? progress.action ?? ''}`;
        if (progress.aux === undefined && lines.at(-1) !== line) lines.push(line);
      },
    })
    .catch((error: unknown) => error);
  return { lines, aux, outcome };
}
