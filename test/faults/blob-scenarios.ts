import { BLOB_SIZE } from './reading-scenario.ts';
import type { ReadingScenario } from './reading-scenario.ts';

const PATH = '/v2/team/app/blobs/{blob}';
const GET = `GET ${PATH}`;
const HEAD = `HEAD ${PATH}`;
const EMPTY = '/v2/team/app/blobs/{empty}';
const CUT = 100_000;
const blob = { kind: 'blob', digest: '{blob}' } as const;
const whole = [0, BLOB_SIZE] as const;
const errors = (code: string): unknown => ({ errors: [{ code, message: 'what the registry says' }] });

/** A blob that comes in one piece, or not at all. */
export const BLOB_SCENARIOS: readonly ReadingScenario[] = [
  {
    name: 'a sound registry',
    steps: [],
    call: { ...blob, size: BLOB_SIZE },
    expect: { blob: whole, requests: [GET], waits: [] },
  },
  {
    name: 'a part of a blob',
    steps: [],
    call: { ...blob, offset: 1_000, length: 500 },
    expect: { blob: [1_000, 1_500], requests: [`${GET} bytes=1000-1499`] },
  },
  {
    name: 'a part of a blob of a registry without ranges',
    steps: [{ at: GET, fault: { range: null } }],
    call: { ...blob, offset: 1_000, length: 500 },
    expect: { blob: [1_000, 1_500], requests: [`${GET} bytes=1000-1499`] },
  },
  {
    name: 'what follows the end of a blob',
    steps: [{ at: GET, fault: { status: 416, headers: { 'content-range': 'bytes */300000' } } }],
    call: { ...blob, offset: BLOB_SIZE },
    expect: { blob: [BLOB_SIZE, BLOB_SIZE], requests: [`${GET} bytes=300000-`] },
  },
  {
    name: 'an empty blob',
    steps: [],
    call: { kind: 'blob', digest: '{empty}' },
    expect: { blob: [0, 0], requests: [`GET ${EMPTY}`] },
  },
  {
    name: 'a proxy compresses what it passes on',
    steps: [{ at: GET, fault: { gzip: true } }],
    call: { ...blob, size: BLOB_SIZE },
    expect: { blob: whole, requests: [GET] },
  },
  {
    name: 'GHSA-qv35-3gw6-8q4j: other bytes, and headers that agree with the digest',
    steps: [{ at: GET, fault: { flipByte: 77, headers: { 'docker-content-digest': '{blob}' } } }],
    call: blob,
    expect: { error: { code: 'DIGEST_MISMATCH' }, requests: [GET] },
  },
  {
    name: 'other bytes, for a caller who verifies them',
    steps: [{ at: GET, fault: { flipByte: BLOB_SIZE } }],
    call: { ...blob, verify: false },
    expect: { requests: [GET] },
  },
  {
    name: 'fewer bytes than the manifest says',
    steps: [{ at: GET, fault: { endAfter: 1_000 } }],
    call: { ...blob, size: BLOB_SIZE },
    expect: { error: { code: 'SIZE_MISMATCH', retryable: false }, requests: [GET] },
  },
  {
    name: 'fewer bytes than the manifest says, of no announced length',
    steps: [{ at: GET, fault: { endAfter: 1_000, chunked: true } }],
    call: { ...blob, size: BLOB_SIZE },
    expect: { blob: [0, 1_000], error: { code: 'SIZE_MISMATCH', retryable: false }, requests: [GET] },
  },
  {
    name: 'more bytes than the manifest says',
    steps: [{ at: GET, fault: { longer: 50_000 } }],
    call: { ...blob, size: BLOB_SIZE },
    expect: { error: { code: 'SIZE_MISMATCH' }, requests: [GET] },
  },
  {
    name: 'no such blob',
    steps: [{ at: GET, fault: { status: 404, json: errors('BLOB_UNKNOWN') } }],
    call: blob,
    expect: {
      error: { code: 'NOT_FOUND', status: 404, message: 'blob unknown: what the registry says' },
      requests: [GET],
    },
  },
  {
    name: 'no such blob, in no words',
    steps: [{ at: GET, fault: { status: 404 } }],
    call: blob,
    expect: { error: { code: 'NOT_FOUND', status: 404 }, requests: [GET] },
  },
  {
    name: 'a page for people in place of an error',
    steps: [{ at: GET, fault: { status: 403, body: '<html>Attention Required! | Cloudflare</html>' } }],
    call: blob,
    expect: { error: { code: 'DENIED', status: 403, message: 'Cloudflare' }, requests: [GET] },
  },
  {
    name: 'the caller has enough in the middle',
    steps: [{ at: GET, fault: { stallAfter: CUT } }],
    call: { ...blob, abortAfter: CUT },
    expect: { blob: [0, CUT], error: 'enough', requests: [GET] },
  },
  {
    name: 'the caller lets go in the middle',
    steps: [{ at: GET, fault: { stallAfter: CUT } }],
    call: { ...blob, cancelAfter: CUT },
    expect: { blob: [0, CUT], requests: [GET] },
  },
  {
    name: 'a HEAD that tells the size',
    steps: [],
    call: { kind: 'stat', digest: '{blob}' },
    expect: { value: BLOB_SIZE, requests: [HEAD] },
  },
  {
    name: 'ggcr#1061: a HEAD without Content-Length',
    steps: [{ at: HEAD, fault: { headers: { 'content-length': null } } }],
    call: { kind: 'stat', digest: '{blob}' },
    expect: { value: BLOB_SIZE, requests: [HEAD, `${GET} bytes=0-0`] },
  },
  {
    name: 'a HEAD without Content-Length at a registry without ranges',
    steps: [
      { at: HEAD, fault: { headers: { 'content-length': null } } },
      { at: GET, fault: { range: null } },
    ],
    call: { kind: 'stat', digest: '{blob}' },
    expect: { value: BLOB_SIZE, requests: [HEAD, `${GET} bytes=0-0`] },
  },
  {
    name: 'a HEAD without Content-Length of an empty blob',
    steps: [
      { at: `HEAD ${EMPTY}`, fault: { headers: { 'content-length': null } } },
      { at: `GET ${EMPTY}`, fault: { status: 416, headers: { 'content-range': 'bytes */0' } } },
    ],
    call: { kind: 'stat', digest: '{empty}' },
    expect: { value: 0, requests: [`HEAD ${EMPTY}`, `GET ${EMPTY} bytes=0-0`] },
  },
  {
    name: 'Artifactory: a HEAD says 200 and a GET 404',
    steps: [
      { at: HEAD, fault: { headers: { 'content-length': null } } },
      { at: GET, fault: { status: 404, json: errors('BLOB_UNKNOWN') } },
    ],
    call: { kind: 'stat', digest: '{blob}' },
    expect: { error: { code: 'NOT_FOUND' }, requests: [HEAD, `${GET} bytes=0-0`] },
  },
];
