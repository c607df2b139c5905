import type { WritingScenario } from './writing-scenario.ts';

const BEGIN = 'POST /v2/team/app/blobs/uploads/';
const PATCH = 'PATCH {upload-1}';
const PUT = 'PUT {upload-1}&{closing}';
const STATUS = 'GET {upload-1}';
const HEAD = 'HEAD /v2/team/app/blobs/{blob}';
const MIDDLE = 'PATCH {upload-1} 100000-199999';
const CHUNKS = [`${PATCH} 0-99999`, MIDDLE, `${PATCH} 200000-299999`] as const;
const whole = { kind: 'upload' } as const;
const chunked = { kind: 'upload', chunkSize: 100_000 } as const;
const stream = { ...chunked, stream: true } as const;
const value = '{blob}';

/** The registry refuses something. */
export const REFUSAL_SCENARIOS: readonly WritingScenario[] = [
  {
    name: 'Cloudflare: 413 in HTML makes chunks of a blob',
    steps: [{ at: 'PUT *', fault: { status: 413, body: '<html>Payload Too Large</html>' } }],
    call: whole,
    expect: {
      value,
      requests: [
        BEGIN,
        `${PUT} 300000 bytes`,
        STATUS,
        `${PATCH} 0-262143`,
        `${PATCH} 262144-299999`,
        `${PUT} 0 bytes`,
      ],
    },
  },
  {
    name: 'Cloudflare: 413 before the body was read',
    steps: [{ at: 'PUT *', fault: { status: 413, body: '<html>Payload Too Large</html>', early: true } }],
    call: whole,
    portable: false,
    expect: { value, requests: { atLeast: 6, atMost: 7 } },
  },
  {
    name: '413 to what cannot be made smaller',
    steps: [{ at: 'P* {upload-1}*', fault: { status: 413 }, times: 'always' }],
    call: chunked,
    expect: { error: { code: 'REGISTRY', status: 413 }, requests: { atLeast: 2, atMost: 3 } },
  },
  {
    name: '416, and where to go on',
    steps: [
      {
        at: PATCH,
        fault: { status: 416, takes: 50_000, headers: { location: '{upload-1}', range: '0-49999' } },
      },
    ],
    call: chunked,
    expect: {
      value,
      requests: [
        BEGIN,
        `${PATCH} 0-99999`,
        `${PATCH} 50000-149999`,
        `${PATCH} 150000-249999`,
        `${PATCH} 250000-299999`,
        `${PUT} 0 bytes`,
      ],
    },
  },
  {
    name: '416, and the status tells where to go on',
    steps: [{ at: PATCH, fault: { status: 416, takes: 50_000 } }],
    call: stream,
    expect: {
      value,
      requests: { atLeast: 6, atMost: 7 },
    },
  },
  {
    name: '416 over and over',
    steps: [{ at: 'PATCH *', fault: { status: 416 }, times: 'always' }],
    call: chunked,
    expect: {
      error: { code: 'UNAVAILABLE', reason: 'upload-stalled', retryable: true },
      requests: { atLeast: 20, atMost: 30 },
    },
  },
  {
    name: 'a registry takes no chunks: everything goes in one request',
    steps: [{ at: 'PATCH *', fault: { status: 405 } }],
    call: chunked,
    expect: {
      value,
      requests: [
        BEGIN,
        `${PATCH} 0-99999`,
        'DELETE {upload-1}',
        BEGIN,
        'PUT {upload-2}&{closing} 300000 bytes',
      ],
    },
  },
  {
    name: 'a registry loses the upload: everything goes once more',
    steps: [
      {
        at: PATCH,
        when: { 'content-range': '100000-199999' },
        fault: { status: 404, json: { errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] } },
      },
    ],
    call: chunked,
    expect: {
      value,
      requests: [
        BEGIN,
        CHUNKS[0],
        CHUNKS[1],
        'DELETE {upload-1}',
        BEGIN,
        'PATCH {upload-2} 0-99999',
        'PATCH {upload-2} 100000-199999',
        'PATCH {upload-2} 200000-299999',
        'PUT {upload-2}&{closing} 0 bytes',
      ],
    },
  },
  {
    name: 'a registry loses the upload of a stream, which is gone',
    steps: [
      {
        at: 'PATCH *',
        when: { 'content-range': '100000-199999' },
        fault: { status: 404, json: { errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] } },
      },
    ],
    call: stream,
    expect: {
      error: { code: 'UNAVAILABLE', reason: 'upload-lost' },
      requests: { atLeast: 3, atMost: 4 },
    },
  },
  {
    name: 'a registry denies the upload',
    steps: [{ at: BEGIN, fault: { status: 403, json: { errors: [{ code: 'DENIED', message: 'no' }] } } }],
    call: whole,
    expect: { error: { code: 'DENIED', status: 403, message: 'no' }, requests: [BEGIN] },
  },
  {
    name: 'a registry says that the digest is another: it is not sent again',
    steps: [
      {
        at: 'PUT *',
        fault: { status: 400, json: { errors: [{ code: 'DIGEST_INVALID', message: 'not it' }] } },
      },
    ],
    call: chunked,
    expect: {
      error: { code: 'REGISTRY', status: 400, message: 'not it' },
      requests: { atLeast: 5, atMost: 6 },
    },
  },
  {
    name: 'jib#4301: the closing request is answered 504, and the blob is there',
    steps: [{ at: 'PUT *', fault: { status: 504, heard: true } }],
    call: chunked,
    expect: { value, requests: [BEGIN, ...CHUNKS, `${PUT} 0 bytes`, HEAD], waits: [500] },
  },
  {
    name: 'GHCR: the closing request breaks, is unknown the second time, and the blob is there',
    steps: [{ at: 'PUT *', fault: { heard: true, drop: true } }],
    call: whole,
    expect: { value, requests: [BEGIN, `${PUT} 300000 bytes`, HEAD], waits: [500] },
  },
  {
    name: 'the closing request is answered 404 in the wrong, and the blob is there',
    steps: [
      {
        at: 'PUT *',
        fault: { status: 404, heard: true, json: { errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] } },
      },
    ],
    call: whole,
    expect: { value, requests: [BEGIN, `${PUT} 300000 bytes`, HEAD] },
  },
  {
    name: 'jib#4301: the closing request fails, and the blob is not there: everything goes once more',
    steps: [{ at: 'PUT *', fault: { status: 500, json: { errors: [{ code: 'UNKNOWN' }] } }, times: 3 }],
    call: whole,
    expect: { value, requests: { atLeast: 8, atMost: 16 }, waits: [500, 1_000] },
  },
  {
    name: 'a registry that never closes an upload',
    steps: [{ at: 'PUT *', fault: { status: 500 }, times: 'always' }],
    call: chunked,
    expect: { error: { code: 'UNAVAILABLE', status: 500 }, requests: { atLeast: 16, atMost: 40 } },
  },
  ...[429, 503].map((status): WritingScenario => ({
    name: `${String(status)} to a chunk, with the wait that the registry wants`,
    steps: [
      {
        at: 'PATCH *',
        when: { 'content-range': '100000-199999' },
        fault: { status, headers: { 'retry-after': '7' } },
      },
    ],
    call: chunked,
    expect: {
      value,
      requests: [BEGIN, CHUNKS[0], CHUNKS[1], STATUS, CHUNKS[1], CHUNKS[2], `${PUT} 0 bytes`],
      waits: [7_000],
    },
  })),
  {
    name: 'container-libs#42: 429 to the closing request, until a date',
    steps: [
      {
        at: 'PUT *',
        fault: { status: 429, headers: { 'retry-after': 'Thu, 01 Jan 2026 00:00:09 GMT' } },
      },
    ],
    call: whole,
    expect: {
      value,
      requests: [BEGIN, `${PUT} 300000 bytes`, HEAD, STATUS, `${PUT} 300000 bytes`],
      waits: [9_000],
    },
  },
  {
    name: 'hub: 429 to the beginning of an upload',
    steps: [{ at: BEGIN, fault: { status: 429, headers: { 'retry-after': '3' } } }],
    call: whole,
    expect: { value, requests: [BEGIN, BEGIN, `${PUT} 300000 bytes`], waits: [3_000] },
  },
  {
    name: '429 over and over',
    steps: [{ at: 'PATCH *', fault: { status: 429 }, times: 'always' }],
    call: stream,
    expect: { error: { code: 'RATE_LIMITED', status: 429 }, requests: { atLeast: 6, atMost: 8 } },
  },
];
