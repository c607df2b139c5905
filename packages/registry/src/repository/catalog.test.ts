import { isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { listCatalog } from './catalog.ts';
import type { RegistryInit } from './catalog.ts';
import { all, endpointOf, REGISTRY, rejection } from '../test-support/fixtures.ts';
import { ScriptedFetch, TestClock } from '../test-support/scripted-fetch.ts';
import type { Script } from '../test-support/scripted-fetch.ts';

const CATALOG = `GET ${REGISTRY}/v2/_catalog`;

function registry(script: Script): { init: RegistryInit; network: ScriptedFetch } {
  const network = new ScriptedFetch(script);
  const init = { endpoint: endpointOf(REGISTRY), fetch: network.fetch, clock: new TestClock() };
  return { init, network };
}

describe('listCatalog', () => {
  it('gives the names of every page', async () => {
    const link = '</v2/_catalog?last=team%2Fapp&n=2>; rel="next"';
    const { init, network } = registry({
      [`${CATALOG}?n=2`]: { json: { repositories: ['app', 'team/app'] }, headers: { link } },
      [`${CATALOG}?last=team%2Fapp&n=2`]: { json: { repositories: ['team/base'] } },
    });
    expect(await all(listCatalog(init, { pageSize: 2 }))).toEqual(['app', 'team/app', 'team/base']);
    expect(network.log.length).toBe(2);
  });

  it('asks for a token for the list', async () => {
    const { init, network } = registry({
      [CATALOG]: ({ headers }) =>
        headers['authorization'] === 'Bearer t0ken'
          ? { json: { repositories: ['app'] } }
          : { status: 401, headers: { 'www-authenticate': `Bearer realm="${REGISTRY}/token",service="r"` } },
      [`GET ${REGISTRY}/token?scope=registry%3Acatalog%3A*&service=r`]: { json: { token: 't0ken' } },
    });
    expect(await all(listCatalog(init))).toEqual(['app']);
    expect(network.log.length).toBe(3);
  });

  it.each([['../etc'], ['A'], ['a:b'], [7]])('does not give %j for a name', async (name) => {
    const { init } = registry({ [CATALOG]: { json: { repositories: [name] } } });
    const error = await rejection(all(listCatalog(init)));
    expect(isStowageError(error, 'REGISTRY') && error.message).toBe(
      'list of repositories has something in it that is no name of a repository',
    );
  });

  it('fails where there is no list', async () => {
    const { init } = registry({ [CATALOG]: { status: 404, json: { errors: [{ code: 'UNSUPPORTED' }] } } });
    expect(isStowageError(await rejection(all(listCatalog(init))), 'UNSUPPORTED')).toBe(true);
  });
});
