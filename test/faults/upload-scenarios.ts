import type { WritingScenario } from './writing-scenario.ts';

const BEGIN = 'POST /v2/team/app/blobs/uploads/';
const PATCH = 'PATCH {upload-1}';
const PUT = 'PUT {upload-1}&{closing}';
const STATUS = 'GET {upload-1}';
const MIDDLE = 'PATCH {upload-1} 100000-199999';
const CHUNKS = [`${PATCH} 0-99999`, MIDDLE, `${PATCH} 200000-299999`] as const;
const whole = { kind: 'upload' } as const;
const chunked = { kind: 'upload', chunkSize: 100_000 } as const;
const stream = { ...chunked, stream: true } as const;
const value = '{blob}';
const inChunks = { value, requests: [BEGIN, ...CHUNKS, `${PUT} 0 bytes`] } as const;
const atOnce = { value, requests: [BEGIN, `${PUT} 300000 bytes`] } as const;

/** An upload goes through at once. */
export const UPLOAD_SCENARIOS: readonly WritingScenario[] = [
  { name: 'a sound registry takes a blob in one request', steps: [], call: whole, expect: atOnce },
  { name: 'a sound registry takes a blob in chunks', steps: [], call: chunked, expect: inChunks },
  { name: 'a sound registry takes a stream', steps: [], call: stream, expect: inChunks },
  {
    name: 'a registry with sha512',
    steps: [],
    call: { ...whole, algorithm: 'sha512' },
    expect: {
      value: '{blob-512}',
      requests: [`${BEGIN}?digest-algorithm=sha512`, 'PUT {upload-1}&{closing-512} 300000 bytes'],
    },
  },
  ...[201, 204].map((status): WritingScenario => ({
    name: `${status === 201 ? 'ECR' : 'pulp_container#2199'}: chunks are answered ${String(status)}`,
    steps: [
      {
        at: 'PATCH *',
        fault: { status, heard: true, headers: { location: '{upload-1}' } },
        times: 'always',
      },
    ],
    call: chunked,
    expect: inChunks,
  })),
  {
    name: 'containers-roadmap#2831: the range stands still though the chunks arrive',
    steps: [
      {
        at: 'PATCH *',
        fault: { status: 201, heard: true, headers: { location: '{upload-1}', range: '0-99999' } },
        times: 'always',
      },
      {
        at: STATUS,
        fault: { status: 204, headers: { location: '{upload-1}', range: '0-99999' } },
        times: 'always',
      },
    ],
    call: chunked,
    expect: {
      value,
      requests: [BEGIN, CHUNKS[0], CHUNKS[1], STATUS, CHUNKS[2], `${PUT} 0 bytes`],
    },
  },
  {
    name: 'containers-roadmap#2831: the range stands still and the chunks are lost',
    steps: [
      { at: PATCH, fault: {} },
      {
        at: PATCH,
        fault: { status: 201, headers: { location: '{upload-1}', range: '0-99999' } },
        times: 2,
      },
    ],
    call: chunked,
    expect: { value, requests: { atLeast: 6, atMost: 14 } },
  },
  {
    name: 'a registry does not say how much it has',
    steps: [{ at: 'PATCH *', fault: { headers: { range: null } }, times: 'always' }],
    call: chunked,
    expect: inChunks,
  },
  {
    name: 'a registry says `bytes=` in front of how much it has',
    steps: [{ at: PATCH, fault: { headers: { range: 'bytes=0-99999' } } }],
    call: chunked,
    expect: inChunks,
  },
  {
    name: 'absolute locations',
    steps: [
      { at: BEGIN, fault: { headers: { location: '{registry}{upload-1}' } } },
      { at: 'PATCH *', fault: { headers: { location: '{registry}{upload-1}' } }, times: 'always' },
    ],
    call: chunked,
    expect: inChunks,
  },
  {
    name: 'no location after a chunk: the one before still holds',
    steps: [{ at: 'PATCH *', fault: { headers: { location: null } }, times: 'always' }],
    call: chunked,
    expect: inChunks,
  },
  {
    name: 'an upload that begins nowhere',
    steps: [{ at: BEGIN, fault: { headers: { location: null } } }],
    call: whole,
    expect: { error: { code: 'REGISTRY', status: 202 }, requests: [BEGIN] },
  },
  {
    name: 'a location that is no http',
    steps: [{ at: BEGIN, fault: { headers: { location: 'file:///etc/passwd' } } }],
    call: whole,
    expect: { error: { code: 'REGISTRY', reason: 'redirect' }, requests: [BEGIN] },
  },
  {
    name: 'the upload is led to another origin, and no credentials go there',
    steps: [
      {
        at: '* /v2/*',
        when: { authorization: null },
        fault: { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
        times: 2,
      },
      { at: BEGIN, fault: { headers: { location: '{elsewhere}{upload-1}' } } },
      {
        at: 'PATCH *',
        host: 'elsewhere',
        fault: { headers: { location: '{elsewhere}{upload-1}' } },
        times: 'always',
      },
    ],
    auth: { username: 'ann', password: 'secret' },
    call: chunked,
    expect: {
      value,
      requests: [
        'GET /v2/',
        `${BEGIN} as Basic`,
        ...CHUNKS.map((line) => `elsewhere ${line}`),
        `elsewhere ${PUT} 0 bytes`,
      ],
    },
  },
  {
    name: 'another origin that asks who is there is not told',
    steps: [
      {
        at: '* /v2/*',
        when: { authorization: null },
        fault: { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
      },
      { at: BEGIN, fault: { headers: { location: '{elsewhere}{upload-1}' } } },
      {
        at: '*',
        host: 'elsewhere',
        fault: { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
        times: 'always',
      },
    ],
    auth: { username: 'ann', password: 'secret' },
    call: whole,
    expect: {
      error: { code: 'UNAUTHENTICATED', status: 401 },
      requests: { atLeast: 3, atMost: 4 },
    },
  },
  {
    name: 'OCI-Chunk-Min-Length: chunks are made larger',
    steps: [],
    limits: { minChunkBytes: 200_000 },
    call: chunked,
    expect: {
      value,
      requests: [BEGIN, `${PATCH} 0-199999`, `${PATCH} 200000-299999`, `${PUT} 0 bytes`],
    },
  },
  {
    name: 'component-model#3642: a minimum beyond all memory makes one request of it',
    steps: [{ at: BEGIN, fault: { headers: { 'oci-chunk-min-length': '9223372036854775807' } } }],
    call: chunked,
    expect: atOnce,
  },
  {
    name: 'a minimum that is no number is none',
    steps: [{ at: BEGIN, fault: { headers: { 'oci-chunk-min-length': '-1' } } }],
    call: chunked,
    expect: inChunks,
  },
  {
    name: 'serverless-registry: OCI-Chunk-Max-Length makes chunks of a blob',
    steps: [],
    limits: { maxChunkBytes: 262_144 },
    call: whole,
    expect: {
      value,
      requests: [BEGIN, `${PATCH} 0-262143`, `${PATCH} 262144-299999`, `${PUT} 0 bytes`],
    },
  },
  {
    name: 'a registry names another digest than it was given',
    steps: [
      {
        at: 'PUT *',
        fault: { headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } },
      },
    ],
    call: whole,
    expect: { error: { code: 'DIGEST_MISMATCH' }, blob: true, requests: { atLeast: 2, atMost: 3 } },
  },
  {
    name: 'nixery#190: a registry names no digest',
    steps: [{ at: 'PUT *', fault: { headers: { 'docker-content-digest': null } } }],
    call: whole,
    expect: atOnce,
  },
  {
    name: 'the caller has enough in the middle of an upload, which is cancelled',
    steps: [],
    call: { ...chunked, abortAt: 200_000 },
    expect: { error: 'enough', requests: { atLeast: 2, atMost: 5 } },
  },
];
