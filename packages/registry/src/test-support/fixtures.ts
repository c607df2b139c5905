import { collect, digestBytes } from '@stowage/core';
import type { Digest, RegistryEndpoint, Repository } from '@stowage/types';
import { createRepository } from '../repository/repository.ts';
import type { RepositoryInit } from '../repository/repository.ts';
import { ScriptedFetch, TestClock } from './scripted-fetch.ts';
import type { Script } from './scripted-fetch.ts';

/** The registry of most tests. */
export const REGISTRY = 'https://registry.example';

/** A digest that nothing has. */
export const NO_DIGEST: Digest = `sha256:${'0'.repeat(64)}` as Digest;

/** An endpoint by its URL, secure and no mirror unless said otherwise. */
export function endpointOf(url: string, flags: Partial<RegistryEndpoint> = {}): RegistryEndpoint {
  return { url, mirror: false, official: false, insecure: false, ...flags };
}

/**
 * A repository `team/app` over a script, with everything that can be looked at afterwards. With credentials, a ping lets
 * everybody in unless the script says otherwise; without, one is an error.
 */
export function scripted(
  script: Script,
  init: Partial<RepositoryInit> = {},
): { repository: Repository; network: ScriptedFetch; clock: TestClock } {
  const ping = init.auth === undefined ? {} : { [`GET ${REGISTRY}/v2/`]: {} };
  const network = new ScriptedFetch({ ...ping, ...script });
  const clock = new TestClock();
  const repository = createRepository({
    endpoint: endpointOf(REGISTRY),
    name: 'team/app',
    fetch: network.fetch,
    clock,
    random: () => 1,
    ...init,
  });
  return { repository, network, clock };
}

/** Text as bytes with their digest. */
export async function content(text: string): Promise<{ bytes: Uint8Array<ArrayBuffer>; digest: Digest }> {
  const bytes = new TextEncoder().encode(text);
  return { bytes, digest: await digestBytes(bytes) };
}

/** What a promise rejects with; fails when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    () => ({ resolved: true }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error('resolved, but was to reject');
}

/** Everything that an iteration gives. */
export async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/** A stream as text. */
export async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(await collect(stream, { maxBytes: 1024 * 1024 }));
}
