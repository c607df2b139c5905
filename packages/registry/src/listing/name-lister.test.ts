import { isRegistryError, isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { all, REGISTRY, rejection, scripted } from '../test-support/fixtures.ts';
import type { Reply } from '../test-support/scripted-fetch.ts';

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

  it.each<[string, string, string]>([
    ['encoded as a whole', '<%2Fv2%2Fteam%2Fapp%2Ftags%2Flist%3Flast%3Da>; rel="next"', '?last=a'],
    ['without angle brackets', '/v2/team/app/tags/list?last=a; rel="next"', '?last=a'],
    ['without a relation', '</v2/team/app/tags/list?last=a>', '?last=a'],
    ['with encoded characters', '<?last=a%2Fb%26c&n=2>; rel="next"', '?last=a%2Fb%26c&n=2'],
    ['that names every page so far', '<?last=a&last=b&last=c>; rel="next"', '?last=c'],
  ])('follow a link %s', async (_name, link, query) => {
    const { repository } = scripted({
      [`GET ${LIST}`]: { json: { tags: ['a'] }, headers: { link } },
      [`GET ${LIST}${query}`]: page(['b']),
    });
    expect(await all(repository.tags())).toEqual(['a', 'b']);
  });

  it('do not go in a circle over ever new links to the same page', async () => {
    const fetch = (url: string): Promise<Response> =>
      Promise.resolve(Response.json({ tags: ['a'] }, { headers: { link: `<${url}?x>; rel=next` } }));
    const { repository } = scripted({}, { fetch });
    expect(isStowageError(await rejection(all(repository.tags())), 'REGISTRY')).toBe(true);
  });

  it('are asked for a number at a time where the caller wants that', async () => {
    const { repository, network } = scripted({
      [`GET ${LIST}?n=2`]: page(['a', 'b'], '?n=2&last=b'),
      [`GET ${LIST}?n=2&last=b`]: page(['c']),
    });
    expect(await all(repository.tags({ pageSize: 2 }))).toEqual(['a', 'b', 'c']);
    expect(network.log.length).toBe(2);
  });

  it.each([400, 405, 416, 422])('are asked for without a number where %i refuses it', async (status) => {
    const { repository, network } = scripted({
      [`GET ${LIST}?n=5000`]: { status, json: { errors: [{ code: 'PAGINATION_NUMBER_INVALID' }] } },
      [`GET ${LIST}`]: page(['a']),
    });
    expect(await all(repository.tags({ pageSize: 5_000 }))).toEqual(['a']);
    expect(network.log).toEqual([`GET ${LIST}?n=5000`, `GET ${LIST}`]);
  });

  it('are no more than the caller wants', async () => {
    const script = { [`GET ${LIST}`]: page(['a', 'b'], '?last=b'), [`GET ${LIST}?last=b`]: page(['c', 'd']) };
    const { repository } = scripted(script);
    expect(await all(repository.tags({ maxEntries: 4 }))).toEqual(['a', 'b', 'c', 'd']);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const tag of scripted(script).repository.tags({ maxEntries: 3 })) seen.push(tag);
    })();
    const error = await rejection(reading);
    expect(isStowageError(error, 'LIMIT_EXCEEDED') && error.message).toBe(
      'list of tags has more than 3 entries',
    );
    expect(seen).toEqual(['a', 'b']);
  });

  it.each([{ pageSize: 0 }, { pageSize: 1.5 }, { maxEntries: 0 }, { maxEntries: NaN }])(
    'are not asked for with %j',
    async (options) => {
      const { repository, network } = scripted({});
      const error = await rejection(all(repository.tags(options)));
      expect(isStowageError(error, 'INVALID_ARGUMENT')).toBe(true);
      expect(network.log).toEqual([]);
    },
  );

  it('reject with the reason of an aborted signal', async () => {
    const { repository, network } = scripted({});
    expect(await rejection(all(repository.tags({ signal: AbortSignal.abort('enough') })))).toBe('enough');
    expect(network.log).toEqual([]);
  });
});
