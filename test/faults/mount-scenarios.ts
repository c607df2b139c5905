import type { WritingScenario } from './writing-scenario.ts';

const BEGIN = 'POST /v2/team/app/blobs/uploads/';
const MOUNT = `${BEGIN}?{mounting}`;
const FROM = `${MOUNT}&from=team%2Fbase`;
const mount = { kind: 'mount', from: 'team/base' } as const;
const value = '{blob}';
const TOKEN = 'GET /token?scope=repository%3Ateam%2Fapp%3Apush%2Cpull&service=r';
const challenge = { 'www-authenticate': 'Bearer realm="{registry}/token",service="r"' };
const asks = {
  at: '* /v2/team/*',
  when: { authorization: null },
  fault: { status: 401, headers: challenge },
  times: 'always',
} as const;
const token = (text: string): WritingScenario['steps'][number] => ({
  at: 'GET /token*',
  fault: { json: { token: text, expires_in: 300 } },
});
const chunked = { kind: 'upload', chunkSize: 100_000 } as const;

/** Blobs that another repository has. */
export const MOUNT_SCENARIOS: readonly WritingScenario[] = [
  {
    name: 'a registry mounts',
    steps: [],
    call: mount,
    expect: { value: { mounted: true, session: false }, requests: [FROM], blob: true },
  },
  {
    name: 'a registry finds where to mount from by itself',
    steps: [{ at: MOUNT, fault: { status: 201, headers: { location: '/v2/team/app/blobs/{blob}' } } }],
    call: { kind: 'mount' },
    expect: { value: { mounted: true, session: false }, requests: [MOUNT] },
  },
  {
    name: '202 to a mount is an upload that has begun: it is used',
    steps: [],
    call: { kind: 'mount', from: 'team/other', upload: true },
    expect: {
      value,
      requests: [`${MOUNT}&from=team%2Fother`, 'PUT {upload-1}&{closing} 300000 bytes'],
    },
  },
  {
    name: 'regclient#401: a mount from nowhere is refused, and the blob is uploaded',
    steps: [{ at: MOUNT, fault: { status: 400 } }],
    call: { kind: 'mount', upload: true },
    expect: { value, requests: [MOUNT, BEGIN, 'PUT {upload-1}&{closing} 300000 bytes'] },
  },
  {
    name: 'GCR: a mount that is denied is no failure',
    steps: [{ at: FROM, fault: { status: 403, json: { errors: [{ code: 'DENIED' }] } } }],
    call: mount,
    expect: { value: { mounted: false, session: false, code: 'DENIED' }, requests: [FROM] },
  },
  {
    name: 'moby#20387: a mount takes a token for the source as well',
    steps: [asks, token('one')],
    call: mount,
    expect: {
      value: { mounted: true, session: false },
      requests: { atLeast: 3, atMost: 4 },
      blob: true,
    },
  },
  {
    name: 'an upload that will not be gone on with is cancelled',
    steps: [{ at: 'DELETE *', fault: { status: 204 } }],
    call: { kind: 'cancel', session: { url: '{registry}{upload-1}', offset: 0 } },
    expect: { value: 'cancelled', requests: ['DELETE {upload-1}'] },
  },
  {
    name: 'an upload that is gone is cancelled',
    steps: [],
    call: { kind: 'cancel', session: { url: '{registry}{upload-1}', offset: 0 } },
    expect: { value: 'cancelled', requests: ['DELETE {upload-1}'] },
  },
  {
    name: 'GHCR: a registry does not cancel uploads',
    steps: [{ at: 'DELETE *', fault: { status: 405, json: { errors: [{ code: 'UNSUPPORTED' }] } } }],
    call: { kind: 'cancel', session: { url: '{registry}{upload-1}', offset: 0 } },
    expect: { error: { code: 'UNSUPPORTED', status: 405 }, requests: ['DELETE {upload-1}'] },
  },
];

/** Tokens on the way of an upload. */
export const UPLOAD_TOKEN_SCENARIOS: readonly WritingScenario[] = [
  {
    name: 'a token to push with',
    steps: [asks, token('one')],
    call: { kind: 'upload' },
    expect: {
      value,
      requests: [
        BEGIN,
        TOKEN,
        `${BEGIN} as Bearer one`,
        'PUT {upload-1}&{closing} 300000 bytes as Bearer one',
      ],
    },
  },
  ...(
    [
      ['a blob in chunks', {}],
      ['a stream', { stream: true }],
    ] as const
  ).map(([what, call]): WritingScenario => ({
    name: `a token runs out in the middle of ${what}`,
    steps: [
      asks,
      token('one'),
      {
        at: 'PATCH *',
        when: { authorization: 'Bearer one', 'content-range': '100000-' },
        fault: { status: 401, headers: challenge },
      },
      token('two'),
    ],
    call: { ...chunked, ...call },
    expect: {
      value,
      requests: [
        BEGIN,
        TOKEN,
        `${BEGIN} as Bearer one`,
        'PATCH {upload-1} 0-99999 as Bearer one',
        'PATCH {upload-1} 100000-199999 as Bearer one',
        TOKEN,
        'PATCH {upload-1} 100000-199999 as Bearer two',
        'PATCH {upload-1} 200000-299999 as Bearer two',
        'PUT {upload-1}&{closing} 0 bytes as Bearer two',
      ],
    },
  })),
  {
    name: 'a token runs out at the closing request with everything in it',
    steps: [
      asks,
      token('one'),
      { at: 'PUT *', when: { authorization: 'Bearer one' }, fault: { status: 401, headers: challenge } },
      token('two'),
    ],
    call: { kind: 'upload' },
    expect: {
      value,
      requests: [
        BEGIN,
        TOKEN,
        `${BEGIN} as Bearer one`,
        'PUT {upload-1}&{closing} 300000 bytes as Bearer one',
        TOKEN,
        'PUT {upload-1}&{closing} 300000 bytes as Bearer two',
      ],
    },
  },
  {
    name: 'a token that runs out is not given again',
    steps: [
      asks,
      { at: 'GET /token*', fault: { json: { token: 'one' } } },
      {
        at: 'PATCH *',
        fault: { status: 401, headers: challenge },
        times: 'always',
      },
      { at: 'GET /token*', fault: { status: 401 }, times: 'always' },
    ],
    call: chunked,
    expect: { error: { code: 'UNAUTHENTICATED' }, requests: { atLeast: 5, atMost: 7 } },
  },
];
