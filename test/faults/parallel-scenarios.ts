import { BLOB_SIZE } from './reading-scenario.ts';
import type { ReadingScenario } from './reading-scenario.ts';

const GET = 'GET /v2/team/app/blobs/{blob}';
const blob = { kind: 'blob', digest: '{blob}', connections: 3, partSize: 60_000 } as const;
const whole = [0, BLOB_SIZE] as const;
const range = (first: number): string => `${GET} bytes=${String(first)}-${String(first + 59_999)}`;
const RANGES = [0, 60_000, 120_000, 180_000, 240_000].map(range);

/** At the third range do that. */
function third(fault: ReadingScenario['steps'][number]['fault']): ReadingScenario['steps'][number] {
  return { at: GET, when: { range: 'bytes=120000-' }, fault };
}

/** One blob over several connections. */
export const PARALLEL_SCENARIOS: readonly ReadingScenario[] = [
  {
    name: 'containerd#9922: ranges at the same time',
    steps: [],
    call: blob,
    expect: { blob: whole, requests: RANGES.length },
  },
  {
    name: 'a part of a blob as ranges',
    steps: [],
    call: { ...blob, offset: 50_000, length: 120_001 },
    expect: { blob: [50_000, 170_001], requests: 3 },
  },
  {
    name: 'ECR: Range is ignored',
    steps: [{ at: GET, fault: { range: null } }],
    call: blob,
    expect: { blob: whole, requests: [range(0)] },
  },
  {
    name: 'Range is ignored, and the body is cut',
    steps: [{ at: GET, fault: { range: null, cutAfter: 100_000 } }],
    call: blob,
    expect: { blob: whole, requests: [range(0), `${GET} bytes=100000-`] },
  },
  {
    name: 'the first range is refused',
    steps: [{ at: GET, fault: { status: 416 } }],
    call: blob,
    expect: { blob: whole, requests: [range(0), GET] },
  },
  {
    name: 'the registry does not say how long the blob is',
    steps: [{ at: GET, fault: { headers: { 'content-range': 'bytes 0-59999/*' } } }],
    call: blob,
    expect: { blob: whole, requests: [range(0), GET] },
    page: false,
  },
  {
    name: 'one range is cut',
    steps: [third({ cutAfter: 10_000 })],
    call: blob,
    expect: { blob: whole, requests: 6 },
  },
  {
    name: 'one range stands still',
    steps: [third({ stallAfter: 10_000 })],
    call: blob,
    // The others may be waited for at the same moment, and are then asked for again too.
    expect: { blob: whole, requests: { atLeast: 6, atMost: 15 } },
  },
  {
    name: 'one range is not to be had at first',
    steps: [third({ status: 503 })],
    call: blob,
    expect: { blob: whole, requests: 6, waits: [500] },
  },
  {
    name: 'one range comes as the whole',
    steps: [third({ range: null })],
    call: blob,
    expect: { blob: whole, requests: 5 },
  },
  {
    name: 'one range is another one',
    steps: [third({ range: 'bytes=0-59999' })],
    call: blob,
    expect: { blob: whole, requests: 6 },
  },
  {
    name: 'one range is gone',
    steps: [{ ...third({ status: 404 }), times: 'always' }],
    call: blob,
    expect: {
      blob: [0, 120_000],
      error: { code: 'NOT_FOUND', status: 404 },
      requests: { atLeast: 3, atMost: 5 },
    },
  },
  {
    name: 'one range has other bytes',
    steps: [third({ flipByte: 5 })],
    call: blob,
    expect: { error: { code: 'DIGEST_MISMATCH' }, requests: 5 },
  },
  {
    name: 'the caller has enough while ranges are under way',
    steps: [third({ stallAfter: 0 })],
    call: { ...blob, abortAfter: 120_000 },
    expect: { blob: [0, 120_000], error: 'enough', requests: { atLeast: 2, atMost: 5 } },
  },
  {
    name: 'the caller lets go while ranges are under way',
    steps: [third({ stallAfter: 0 })],
    call: { ...blob, cancelAfter: 120_000 },
    expect: { blob: [0, 120_000], requests: { atLeast: 2, atMost: 5 } },
  },
];
