import { createRegistryServer, toFetch } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import type { Fetch } from '@stowage/types';
import { openStowage } from '../open-stowage.ts';
import type { Stowage, StowageOptions } from '../stowage.ts';
import { createTestRegistry } from './test-registry.ts';
import type { TestRegistry } from './test-registry.ts';

/** A registry to copy from, one to copy to, and who knows both. */
export interface TwoRegistries {
  /** Under every host but `target.test`. */
  readonly source: TestRegistry;
  /** `METHOD path` of every request to `target.test`, pings left out. */
  readonly requests: string[];
  /** Asks the target by itself. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
  /** Answers in place of either registry where it gives one. */
  instead: (request: string, url: URL) => Response | undefined;
  readonly stowage: Stowage;
}

/** Makes two registries without a network. */
export async function createTwoRegistries(options: StowageOptions = {}): Promise<TwoRegistries> {
  const source = createTestRegistry();
  const target = toFetch(createRegistryServer({ storage: createMemoryStorage() }));
  const requests: string[] = [];
  const fetch: Fetch = async (text, init) => {
    const url = new URL(text);
    const request = `${init?.method ?? 'GET'} ${url.pathname}${url.search}`;
    const isTarget = url.hostname === 'target.test';
    if (isTarget && url.pathname !== '/v2/') requests.push(request);
    return registries.instead(request, url) ?? (await (isTarget ? target : source.fetch)(text, init));
  };
  const registries: TwoRegistries = {
    source,
    requests,
    ask: (path, init) => target(`http://target/v2/${path}`, init),
    instead: () => undefined,
    stowage: await openStowage({
      fetch,
      insecureRegistries: ['source.test', 'target.test'],
      random: () => 0,
      ...options,
    }),
  };
  return registries;
}
