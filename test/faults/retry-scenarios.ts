import { BLOB_SIZE } from './reading-scenario.ts';
import type { ReadingScenario } from './reading-scenario.ts';

const GET = 'GET /v2/team/app/blobs/{blob}';
const TAGS = 'GET /v2/team/app/tags/list';
const blob = { kind: 'blob', digest: '{blob}' } as const;
const whole = [0, BLOB_SIZE] as const;
const CODES: Readonly<Record<number, string>> = { 403: 'DENIED', 404: 'NOT_FOUND', 405: 'UNSUPPORTED' };
const ALL_TAGS = ['v1', 'v2', 'v3'];

function busy(status: number, retryAfter?: string): ReadingScenario['steps'][number] {
  return {
    at: TAGS,
    fault: { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } },
  };
}

/** Requests that are sent more than once. */
export const RETRY_SCENARIOS: readonly ReadingScenario[] = [
  ...[408, 429, 500, 502, 503, 504].map((status): ReadingScenario => ({
    name: `${String(status)} once`,
    steps: [busy(status)],
    call: { kind: 'tags' },
    expect: { value: ALL_TAGS, requests: [TAGS, TAGS], waits: [500] },
  })),
  {
    name: 'Quay: 429 without Retry-After, again and again',
    steps: [{ ...busy(429), times: 'always' }],
    call: { kind: 'tags' },
    expect: {
      error: { code: 'RATE_LIMITED', status: 429, retryable: true },
      requests: [TAGS, TAGS, TAGS],
      waits: [500, 1_000],
    },
  },
  {
    name: '503 with Retry-After in seconds',
    steps: [busy(503, '5')],
    call: { kind: 'tags' },
    expect: { value: ALL_TAGS, requests: [TAGS, TAGS], waits: [5_000] },
  },
  {
    name: '429 with Retry-After as a date',
    steps: [busy(429, 'Thu, 01 Jan 2026 00:00:07 GMT')],
    call: { kind: 'tags' },
    expect: { value: ALL_TAGS, requests: [TAGS, TAGS], waits: [7_000] },
  },
  {
    name: 'Retry-After of a week',
    steps: [busy(503, '604800')],
    call: { kind: 'tags' },
    expect: { value: ALL_TAGS, requests: [TAGS, TAGS], waits: [60_000] },
  },
  {
    name: 'Retry-After that is none',
    steps: [busy(503, 'soon')],
    call: { kind: 'tags' },
    expect: { value: ALL_TAGS, requests: [TAGS, TAGS], waits: [500] },
  },
  {
    name: 'skopeo#2841: 502 with a page of the proxy, for good',
    steps: [{ at: TAGS, fault: { status: 502, body: '<html>Bad Gateway</html>' }, times: 'always' }],
    call: { kind: 'tags' },
    expect: { error: { code: 'UNAVAILABLE', status: 502, retryable: true }, requests: [TAGS, TAGS, TAGS] },
  },
  {
    name: 'a connection is closed before the answer',
    steps: [{ at: GET, fault: { drop: true } }],
    call: blob,
    expect: { blob: whole, requests: [GET, GET] },
    // Browsers do not tell a reset from other failures, which are not tried again.
    page: false,
  },
  {
    name: 'every connection is closed before the answer',
    steps: [{ at: GET, fault: { drop: true }, times: 'always' }],
    call: blob,
    expect: { error: { code: 'UNAVAILABLE', retryable: true }, requests: [GET, GET, GET] },
    page: false,
  },
  {
    name: 'A3S-Lab/Box#105: no answer begins; the request is sent again',
    steps: [{ at: GET, fault: { hang: true } }],
    call: blob,
    expect: { blob: whole, requests: { atLeast: 2, atMost: 3 } },
  },
  {
    name: 'no answer ever begins',
    steps: [{ at: GET, fault: { hang: true }, times: 'always' }],
    call: blob,
    expect: { error: { code: 'TIMEOUT', reason: 'stalled', retryable: true }, requests: 3 },
  },
  {
    name: 'a list is cut in the middle',
    steps: [{ at: TAGS, fault: { cutAfter: 9 } }],
    call: { kind: 'tags' },
    expect: { value: ALL_TAGS, requests: [TAGS, TAGS] },
    page: false,
  },
  {
    name: 'a list stands still in the middle',
    steps: [{ at: TAGS, fault: { stallAfter: 9 } }],
    call: { kind: 'tags' },
    expect: { value: ALL_TAGS, requests: { atLeast: 2, atMost: 3 } },
  },
  ...[400, 403, 404, 405, 410, 418, 451].map((status): ReadingScenario => ({
    name: `${String(status)} is the answer`,
    steps: [{ at: GET, fault: { status } }],
    call: blob,
    expect: { error: { code: CODES[status] ?? 'REGISTRY', status, retryable: false }, requests: [GET] },
  })),
];
