import { isRegistryError, isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { all, REGISTRY, rejection, scripted } from './test-support/fixtures.ts';
import type { Reply } from './test-support/scripted-fetch.ts';

const LIST = `${REGISTRY}/v2/team/app/tags/list`;

function page(tags: unknown, next?: string): Reply {
  return {
    json: { name: 'team/app', tags },
    headers: next === undefined ? {} : { link: `<${next}>; rel="next"` },
  };
}

describe('tags', () => {
  it('come page after page, in the order of the registry', async () => {
    const { repository, network } = scripted({
      [`GET ${LIST}`]: page(['b', 'a'], '/v2/team/app/tags/list?last=a&n=2'),
      [`GET ${LIST}?last=a&n=2`]: page(['c'], `${REGISTRY}:443/v2/team/app/tags/list?last=c`),
      [`GET ${LIST}?last=c`]: page(['d'], '?last=d'),
      [`GET ${LIST}?last=d`]: page([]),
    });
    expect(await all(repository.tags())).toEqual(['b', 'a', 'c', 'd']);
    expect(network.sent.at(0)?.headers['accept']).toBe('application/json');
  });

  it('are not asked for before they are wanted', async () => {
    const { repository, network } = scripted({ [`GET ${LIST}`]: page(['a'], '?last=a') });
    for await (const tag of repository.tags()) {
      expect(tag).toBe('a');
      break;
    }
    expect(network.log).toEqual([`GET ${LIST}`]);
  });

  it.each([{ json: { tags: null } }, { json: {} }, { json: null }, page([])])(
    'may be none: %#',
    async (reply) => {
      const { repository } = scripted({ [`GET ${LIST}`]: reply });
      expect(await all(repository.tags())).toEqual([]);
    },
  );

  it('take a link to http from a registry that does not know of its https', async () => {
    const { repository } = scripted({
      [`GET ${LIST}`]: page(['a'], 'http://registry.example/v2/team/app/tags/list?last=a'),
      [`GET ${LIST}?last=a`]: page(['b']),
    });
    expect(await all(repository.tags())).toEqual(['a', 'b']);
  });

  it.each([
    ['another host', 'https://evil.test/v2/team/app/tags/list'],
    ['another port', 'https://registry.example:444/v2/team/app/tags/list'],
    ['another scheme', 'ftp://registry.example/v2/team/app/tags/list'],
    ['nowhere', 'https://'],
  ])('do not follow a link to %s', async (_name, next) => {
    const { repository, network } = scripted({ [`GET ${LIST}`]: page(['a'], next) });
    const error = await rejection(all(repository.tags()));
    expect(isStowageError(error, 'REGISTRY') && error.message).toBe(
      'next page of the list of tags is at another origin',
    );
    expect(network.log).toEqual([`GET ${LIST}`]);
  });

  it.each(['', '#x', '?last=a'])('do not go in a circle over %j', async (next) => {
    const { repository } = scripted({
      [`GET ${LIST}`]: page(['a'], next),
      [`GET ${LIST}?last=a`]: page(['b'], next),
    });
    const error = await rejection(all(repository.tags()));
    expect(isStowageError(error, 'REGISTRY') && error.message).toBe(
      'pages of the list of tags lead in a circle',
    );
  });

  it.each<[Reply, string]>([
    [{ body: '<html>' }, 'list of tags is not JSON'],
    [page('a'), 'list of tags has something in it that is no tag'],
    [page(['../../etc']), 'list of tags has something in it that is no tag'],
    [page([1]), 'list of tags has something in it that is no tag'],
    [page(['']), 'list of tags has something in it that is no tag'],
  ])('must be a list of tags: %#', async (reply, message) => {
    const { repository } = scripted({ [`GET ${LIST}`]: reply });
    const error = await rejection(all(repository.tags()));
    expect(isRegistryError(error) && [error.code, error.message]).toEqual(['REGISTRY', message]);
  });

  it('of a repository that is not there', async () => {
    const gone = { status: 404, json: { errors: [{ code: 'NAME_UNKNOWN', message: 'gone' }] } };
    const { repository } = scripted({ [`GET ${LIST}`]: gone });
    const error = await rejection(all(repository.tags()));
    expect(isStowageError(error, 'NOT_FOUND') && error.message).toBe('name unknown: gone');
  });

  it('end at 10,000 pages', async () => {
    let pages = 0;
    const fetch = (): Promise<Response> => {
      pages += 1;
      return Promise.resolve(
        Response.json({ tags: [] }, { headers: { link: `<?last=${String(pages)}>; rel=next` } }),
      );
    };
    const { repository } = scripted({}, { fetch });
    expect(isStowageError(await rejection(all(repository.tags())), 'LIMIT_EXCEEDED')).toBe(true);
    expect(pages).toBe(10_000);
  });

  it('reject with the reason of an aborted signal', async () => {
    const { repository, network } = scripted({});
    expect(await rejection(all(repository.tags({ signal: AbortSignal.abort('enough') })))).toBe('enough');
    expect(network.log).toEqual([]);
  });
});
