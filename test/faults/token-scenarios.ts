import { BLOB_SIZE } from './reading-scenario.ts';
import type { ReadingScenario } from './reading-scenario.ts';

const PATH = '/v2/team/app/blobs/{blob}';
const GET = `GET ${PATH}`;
const TAGS = 'GET /v2/team/app/tags/list';
const TOKEN = 'GET /token?scope=repository%3Ateam%2Fapp%3Apull&service=r';
const blob = { kind: 'blob', digest: '{blob}' } as const;
const whole = [0, BLOB_SIZE] as const;
const value = ['v1', 'v2', 'v3'];
const auth = { username: 'ann', password: 'secret' };
const bearer = {
  'www-authenticate': 'Bearer realm="{registry}/token",service="r",scope="repository:team/app:pull"',
};
const basic = { 'www-authenticate': 'Basic realm="r"' };
const asks = (
  headers: Readonly<Record<string, string>>,
  at = '* /v2/team/*',
): ReadingScenario['steps'][number] => ({
  at,
  when: { authorization: null },
  fault: { status: 401, headers },
  times: 'always',
});
const token = (json: unknown): ReadingScenario['steps'][number] => ({ at: 'GET /token*', fault: { json } });

/** Registries that ask who is there. */
export const TOKEN_SCENARIOS: readonly ReadingScenario[] = [
  {
    name: 'a token for nobody, as public images of GHCR take one',
    steps: [asks(bearer), token({ token: 'one' })],
    call: { kind: 'tags' },
    expect: { value, requests: [TAGS, TOKEN, `${TAGS} as Bearer one`] },
  },
  {
    name: 'hub-feedback#647: a token that is refused the first time',
    steps: [
      asks(bearer),
      token({ token: 'one', expires_in: 300 }),
      { at: TAGS, when: { authorization: 'Bearer one' }, fault: { status: 401, headers: bearer } },
      token({ token: 'two' }),
    ],
    call: { kind: 'tags' },
    expect: { value, requests: [TAGS, TOKEN, `${TAGS} as Bearer one`, TOKEN, `${TAGS} as Bearer two`] },
  },
  {
    name: 'moby#33558: a token runs out in the middle of a blob, which goes on with a new one',
    steps: [
      asks(bearer),
      token({ token: 'one' }),
      { at: GET, when: { authorization: 'Bearer one', range: null }, fault: { cutAfter: 100_000 } },
      {
        at: GET,
        when: { authorization: 'Bearer one' },
        fault: { status: 401, headers: bearer },
        times: 'always',
      },
      token({ access_token: 'two' }),
    ],
    call: blob,
    expect: {
      blob: whole,
      requests: [
        GET,
        TOKEN,
        `${GET} as Bearer one`,
        `${GET} bytes=100000- as Bearer one`,
        TOKEN,
        `${GET} bytes=100000- as Bearer two`,
      ],
    },
  },
  {
    name: 'the token server is busy',
    steps: [
      asks(bearer),
      { at: 'GET /token*', fault: { status: 503, headers: { 'retry-after': '2' } } },
      token({ token: 'one' }),
    ],
    call: { kind: 'tags' },
    expect: { value, requests: [TAGS, TOKEN, TOKEN, `${TAGS} as Bearer one`], waits: [2_000] },
  },
  {
    name: 'azure-sdk#20898: commas within the scope of a challenge, and another challenge behind it',
    steps: [
      asks({
        'www-authenticate':
          'Bearer realm="{registry}/token",service="r",scope="repository:team/app:pull,push", Basic realm="a \\"b\\", c"',
      }),
      token({ token: 'one' }),
    ],
    call: { kind: 'tags' },
    expect: { value, requests: [TAGS, TOKEN, `${TAGS} as Bearer one`] },
  },
  {
    name: 'ECR: name and password',
    steps: [asks(basic, '* /v2/*')],
    call: { kind: 'tags' },
    auth,
    expect: { value, requests: ['GET /v2/', `${TAGS} as Basic`] },
  },
  {
    name: 'a registry that takes no token at all',
    steps: [
      asks(bearer),
      { at: 'GET /token*', fault: { json: { token: 'one' } }, times: 'always' },
      { at: TAGS, fault: { status: 401, headers: bearer }, times: 'always' },
    ],
    call: { kind: 'tags' },
    expect: { error: { code: 'UNAUTHENTICATED', status: 401 }, requests: 5 },
  },
  {
    name: 'private: an object that is not for this user',
    steps: [
      { at: GET, fault: { status: 403, json: { errors: [{ code: 'DENIED', message: 'not yours' }] } } },
    ],
    call: blob,
    expect: { error: { code: 'DENIED', status: 403, message: 'not yours' }, requests: [GET] },
  },
];
