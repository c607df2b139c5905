import { BLOB_SIZE } from './reading-scenario.ts';
import type { ReadingScenario } from './reading-scenario.ts';

const PATH = '/v2/team/app/blobs/{blob}';
const GET = `GET ${PATH}`;
const HEAD = `HEAD ${PATH}`;
const blob = { kind: 'blob', digest: '{blob}' } as const;
const whole = [0, BLOB_SIZE] as const;
const auth = { username: 'ann', password: 'secret' };
const basic = { 'www-authenticate': 'Basic realm="r"' };
const moved = (location: string, status = 307): ReadingScenario['steps'][number] => ({
  at: `*${PATH}`,
  fault: { status, headers: { location } },
  times: 'always',
});
const asks = (
  headers: Readonly<Record<string, string>>,
  at = '* /v2/team/*',
): ReadingScenario['steps'][number] => ({
  at,
  when: { authorization: null },
  fault: { status: 401, headers },
  times: 'always',
});

/** Registries that send readers elsewhere. */
export const REDIRECT_SCENARIOS: readonly ReadingScenario[] = [
  ...[301, 302, 303, 307, 308].map((status): ReadingScenario => ({
    name: `a blob is in an object store: ${String(status)}`,
    steps: [moved('{elsewhere}/blob', status)],
    call: blob,
    expect: { blob: whole, requests: [GET, 'elsewhere GET /blob'] },
    page: { requests: [GET, GET, 'elsewhere GET /blob'] },
  })),
  {
    name: 'moby#33707, S3: nothing but the signature of the address is taken there',
    steps: [
      asks(basic, '* /v2/*'),
      moved('{elsewhere}/blob?signature=x'),
      {
        at: '*',
        host: 'elsewhere',
        when: { authorization: 'Basic' },
        fault: { status: 400 },
        times: 'always',
      },
    ],
    call: blob,
    auth,
    expect: { blob: whole, requests: ['GET /v2/', `${GET} as Basic`, 'elsewhere GET /blob?signature=x'] },
    page: { requests: ['GET /v2/', `${GET} as Basic`, `${GET} as Basic`, 'elsewhere GET /blob?signature=x'] },
  },
  {
    name: 'a Location without a host',
    steps: [moved('../../../../blob')],
    call: blob,
    expect: { blob: whole, requests: [GET, 'GET /blob'] },
    page: { requests: [GET, GET, 'GET /blob'] },
  },
  {
    name: 'stargz#167, GHCR: the signature of an address has run out; the registry gives another one',
    steps: [
      { at: GET, fault: { status: 307, headers: { location: '{elsewhere}/blob?old' } } },
      {
        at: 'GET /blob?old',
        host: 'elsewhere',
        fault: { status: 403, body: '<Error>Request has expired</Error>' },
      },
      moved('{elsewhere}/blob?new'),
    ],
    call: blob,
    expect: {
      blob: whole,
      requests: [GET, 'elsewhere GET /blob?old', GET, 'elsewhere GET /blob?new'],
    },
    page: false,
  },
  {
    name: 'a body from an object store is cut, and its address is good no more',
    steps: [
      { at: GET, fault: { status: 307, headers: { location: '{elsewhere}/blob?old' } } },
      { at: 'GET /blob?old', host: 'elsewhere', fault: { cutAfter: 100_000 } },
      moved('{elsewhere}/blob?new'),
    ],
    call: blob,
    expect: {
      blob: whole,
      requests: [
        GET,
        'elsewhere GET /blob?old',
        `${GET} bytes=100000-`,
        'elsewhere GET /blob?new bytes=100000-',
      ],
    },
    page: false,
  },
  {
    name: 'stargz#167, GHCR: an object store that refuses HEAD',
    steps: [moved('{elsewhere}/blob'), { at: 'HEAD /blob', host: 'elsewhere', fault: { status: 403 } }],
    call: { kind: 'stat', digest: '{blob}' },
    expect: {
      value: BLOB_SIZE,
      requests: [HEAD, 'elsewhere HEAD /blob', `${GET} bytes=0-0`, 'elsewhere GET /blob bytes=0-0'],
    },
    page: { requests: 5 },
  },
  {
    name: 'a redirect in a circle',
    steps: [moved(PATH)],
    call: blob,
    expect: { error: { code: 'REGISTRY', reason: 'redirect' }, requests: 11 },
    page: false,
  },
  {
    name: 'a redirect to nowhere on the web',
    steps: [moved('file:///etc/passwd')],
    call: blob,
    expect: { error: { code: 'REGISTRY', reason: 'redirect' }, requests: [GET] },
    page: false,
  },
  {
    name: 'CVE-2020-15157: an object store asks for credentials',
    steps: [
      asks(basic, '* /v2/*'),
      moved('{elsewhere}/blob'),
      { at: '*', host: 'elsewhere', fault: { status: 401, headers: basic }, times: 'always' },
    ],
    call: blob,
    auth,
    expect: {
      error: { code: 'UNAUTHENTICATED', status: 401 },
      requests: ['GET /v2/', `${GET} as Basic`, 'elsewhere GET /blob'],
    },
    page: { requests: ['GET /v2/', `${GET} as Basic`, `${GET} as Basic`, 'elsewhere GET /blob'] },
  },
];

const gone: ReadingScenario['steps'][number] = { at: GET, fault: { status: 404 } };
const foreign = { ...blob, urls: ['{elsewhere}/blob'] } as const;

/** Layers that are to be had elsewhere, and layouts without a registry. */
export const ELSEWHERE_SCENARIOS: readonly ReadingScenario[] = [
  {
    name: 'a foreign layer',
    steps: [asks(basic, '* /v2/*'), gone],
    call: foreign,
    auth,
    expect: { blob: whole, requests: ['GET /v2/', `${GET} as Basic`, 'elsewhere GET /blob'] },
  },
  {
    name: 'a foreign layer that the registry has after all',
    steps: [],
    call: foreign,
    expect: { blob: whole, requests: [GET] },
  },
  {
    name: 'a foreign layer that is cut',
    steps: [gone, { at: 'GET /blob', host: 'elsewhere', fault: { cutAfter: 100_000 } }],
    call: foreign,
    expect: { blob: whole, requests: [GET, 'elsewhere GET /blob', 'elsewhere GET /blob bytes=100000-'] },
  },
  {
    name: 'CVE-2026-49349: a foreign layer leads back to the registry, which asks for credentials',
    steps: [
      asks(basic, '* /v2/*'),
      gone,
      {
        at: 'GET /blob',
        host: 'elsewhere',
        fault: { status: 302, headers: { location: '{registry}/v2/team/app/blobs/back' } },
        times: 'always',
      },
    ],
    call: foreign,
    auth,
    expect: {
      error: { code: 'UNAUTHENTICATED', status: 401 },
      requests: ['GET /v2/', `${GET} as Basic`, 'elsewhere GET /blob', 'GET /v2/team/app/blobs/back'],
    },
    page: {
      requests: [
        'GET /v2/',
        `${GET} as Basic`,
        'elsewhere GET /blob',
        'elsewhere GET /blob',
        'GET /v2/team/app/blobs/back',
      ],
    },
  },
  {
    name: 'a layout on a static server',
    steps: [],
    layout: true,
    call: { kind: 'manifest', reference: 'v1' },
    expect: {
      value: '{manifest}',
      requests: [
        'GET /layout/oci-layout',
        'GET /layout/index.json',
        'GET /layout/blobs/sha256/{manifest-hex}',
      ],
    },
  },
  {
    name: 'a blob of a layout, cut, on a static server without ranges',
    steps: [
      { at: 'GET /layout/*', fault: { cutAfter: 100_000 } },
      { at: 'GET /layout/*', fault: { range: null } },
    ],
    layout: true,
    call: blob,
    expect: {
      blob: whole,
      requests: ['GET /layout/blobs/sha256/{blob-hex}', 'GET /layout/blobs/sha256/{blob-hex} bytes=100000-'],
    },
  },
  {
    name: 'the tags of a layout',
    steps: [],
    layout: true,
    call: { kind: 'tags' },
    expect: { value: ['v1'], requests: ['GET /layout/oci-layout', 'GET /layout/index.json'] },
  },
  {
    name: 'a static server with a page for everything',
    steps: [{ at: 'GET /layout/*', fault: { body: '<html></html>' }, times: 'always' }],
    layout: true,
    call: { kind: 'tags' },
    expect: { error: { code: 'INVALID_MANIFEST' }, requests: ['GET /layout/oci-layout'] },
  },
];
