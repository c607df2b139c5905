import { isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { content, endpointOf, REGISTRY, rejection, scripted, textOf } from '../test-support/fixtures.ts';
import type { Script } from '../test-support/scripted-fetch.ts';

const TEXT = 'foreign layer';
const { digest: DIGEST } = await content(TEXT);
const BLOB = `GET ${REGISTRY}/v2/team/app/blobs/${DIGEST}`;
const GONE = {
  status: 404,
  json: { errors: [{ code: 'BLOB_UNKNOWN', message: 'blob unknown to registry' }] },
};
const AUTH = { auth: { registryToken: 'secret' } };
const ASKED = { 'www-authenticate': `Bearer realm="${REGISTRY}/token"` };
const PING = { [`GET ${REGISTRY}/v2/`]: { status: 401, headers: ASKED } };

function open(script: Script, urls: readonly string[]) {
  const { repository, network } = scripted(
    { ...PING, ...script },
    { ...AUTH, metaHeaders: { 'x-meta-secret': 'secret' } },
  );
  return { text: repository.blobs.open(DIGEST, { urls }).then(textOf), network };
}

describe('a blob that the registry does not have', () => {
  it('comes from the first place that gives it, which is told nothing of the user', async () => {
    const { text, network } = open(
      {
        [BLOB]: GONE,
        'GET https://a.example/layer': { status: 404 },
        'GET http://b.example/layer': { body: TEXT },
      },
      ['https://a.example/layer', 'http://b.example/layer', 'https://c.example/layer'],
    );
    expect(await text).toBe(TEXT);
    const foreign = network.sent.filter(({ url }) => !url.startsWith(REGISTRY));
    expect(foreign.map(({ url }) => url)).toEqual(['https://a.example/layer', 'http://b.example/layer']);
    expect(JSON.stringify(foreign)).not.toContain('secret');
    expect(network.authorizations(REGISTRY)).toEqual(['-', 'Bearer secret']);
  });

  it('is not asked for elsewhere where the registry has it', async () => {
    const { text, network } = open({ [BLOB]: { body: TEXT } }, ['https://a.example/layer']);
    expect(await text).toBe(TEXT);
    expect(network.log.length).toBe(2);
  });

  it('is told nothing back at the registry either', async () => {
    const back = `${REGISTRY}/v2/team/app/blobs/back`;
    const { text, network } = open(
      {
        [BLOB]: GONE,
        'GET https://a.example/layer': { status: 302, headers: { location: back } },
        [`GET ${back}`]: { status: 401, headers: ASKED },
      },
      ['https://a.example/layer'],
    );
    expect(isStowageError(await rejection(text), 'UNAUTHENTICATED')).toBe(true);
    expect(network.authorizations(back)).toEqual(['-']);
  });

  it.each(['Basic realm="x"', 'Bearer realm="https://a.example/token"'])(
    'gives no answer to %s',
    async (challenge) => {
      const { text, network } = open(
        {
          [BLOB]: GONE,
          'GET https://a.example/layer': { status: 401, headers: { 'www-authenticate': challenge } },
        },
        ['https://a.example/layer'],
      );
      expect(isStowageError(await rejection(text), 'UNAUTHENTICATED')).toBe(true);
      expect(network.authorizations('https://a.example')).toEqual(['-']);
    },
  );

  it.each([
    'file:///etc/passwd',
    'ftp://a.example/layer',
    'data:text/plain,foreign layer',
    'https://user:secret@a.example/layer',
    'http://127.0.0.1/layer',
    'http://10.0.0.1/layer',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/layer',
    'nonsense',
  ])('is not asked for at %s', async (url) => {
    const { text, network } = open({ [BLOB]: GONE }, [url]);
    const error = await rejection(text);
    expect(isStowageError(error, 'REGISTRY') && error.reason).toBe('foreign-url');
    expect(String(error)).not.toContain('secret');
    expect(network.log.length).toBe(2);
  });

  it('is verified, resumed and retried as any other', async () => {
    let sent = false;
    const broken = new ReadableStream<Uint8Array>(
      {
        pull(controller): void {
          if (sent) controller.error(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
          else controller.enqueue(new TextEncoder().encode(TEXT.slice(0, 7)));
          sent = true;
        },
      },
      { highWaterMark: 0 },
    );
    const rest = TEXT.slice(7);
    const { text, network } = open(
      {
        [BLOB]: GONE,
        'GET https://a.example/layer': [
          { status: 503 },
          { body: broken },
          { status: 206, body: rest, headers: { 'content-range': `bytes 7-12/${String(TEXT.length)}` } },
        ],
      },
      ['https://a.example/layer'],
    );
    expect(await text).toBe(TEXT);
    expect(network.sent.at(-1)?.headers['range']).toBe('bytes=7-');
    const wrong = open({ [BLOB]: GONE, 'GET https://a.example/layer': { body: 'x' } }, [
      'https://a.example/layer',
    ]);
    expect(isStowageError(await rejection(wrong.text), 'DIGEST_MISMATCH')).toBe(true);
  });

  it('may come from this machine where the registry is on it', async () => {
    const { repository } = scripted(
      {
        [`GET http://127.0.0.1:5000/v2/team/app/blobs/${DIGEST}`]: GONE,
        'GET http://127.0.0.1:8080/layer': { body: TEXT },
      },
      { endpoint: endpointOf('http://127.0.0.1:5000') },
    );
    expect(await textOf(await repository.blobs.open(DIGEST, { urls: ['http://127.0.0.1:8080/layer'] }))).toBe(
      TEXT,
    );
  });
});
