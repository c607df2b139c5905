import type { Uploading, WritingScenario } from './writing-scenario.ts';

const BEGIN = 'POST /v2/team/app/blobs/uploads/';
const value = '{blob}';

/** The ways of an upload, each with its requests. */
const WAYS: readonly (readonly [name: string, call: Uploading, requests: readonly Step[]])[] = [
  ['in one request', {}, [['PUT', 0]]],
  ['in chunks', { chunkSize: 100_000 }, chunks()],
  ['of a stream', { chunkSize: 100_000, stream: true }, chunks()],
];

/** A method, and the offset of what it sends. */
type Step = readonly [method: 'PATCH' | 'PUT', offset: number];

/** How far a request gets before its connection breaks; of the empty closing one there is no half. */
const CUTS = {
  'nothing arrived': { drop: true },
  'part of it arrived': { drop: true, takes: 60_000 },
  'all of it arrived': { drop: true, heard: true },
} as const;

function chunks(): readonly Step[] {
  return [
    ['PATCH', 0],
    ['PATCH', 100_000],
    ['PATCH', 200_000],
    ['PUT', 300_000],
  ];
}

/** Every request of every way, cut at every place. */
const PLACES = WAYS.flatMap(([way, call, requests]) =>
  requests.flatMap(([method, offset]) =>
    Object.entries(CUTS)
      .filter(([cut]) => offset < 300_000 || cut !== 'part of it arrived')
      .map(([cut, fault]) => ({ way, call, method, offset, cut, fault })),
  ),
);

function stepsOf({ method, offset, fault }: (typeof PLACES)[number]): WritingScenario['steps'][number] {
  const when = method === 'PATCH' ? { 'content-range': `${String(offset)}-` } : {};
  return { at: `${method} {upload-1}*`, when, fault };
}

/** Deno and Bun send a request once more by themselves when a connection that was used before breaks. */
const AFRESH: WritingScenario['steps'][number] = {
  at: /^P/,
  fault: { headers: { connection: 'close' } },
  times: 'always',
};

/** An upload breaks, and goes on by itself with what is missing. */
export const CUT_SCENARIOS: readonly WritingScenario[] = [
  ...PLACES.map((place): WritingScenario => ({
    name: `an upload ${place.way}, cut at byte ${String(place.offset)} when ${place.cut}`,
    steps: [stepsOf(place)],
    call: { kind: 'upload', ...place.call },
    expect: { value, requests: { atLeast: 3, atMost: 9 }, waits: [500] },
  })),
  ...(['drop', 'heard'] as const).map((how): WritingScenario => ({
    name: `an upload is cut as it begins, ${how === 'heard' ? 'and has begun' : 'and has not'}`,
    steps: [{ at: BEGIN, fault: { drop: true, ...(how === 'heard' ? { heard: true } : {}) } }],
    call: { kind: 'upload' },
    expect: {
      value,
      requests: [BEGIN, BEGIN, `PUT {upload-${how === 'heard' ? '2' : '1'}}&{closing} 300000 bytes`],
      waits: [500],
    },
    // A page is not told that nothing came back, only that something is wrong.
    page: false,
  })),
  {
    name: 'a registry stands still amid a chunk',
    steps: [{ at: 'PATCH *', when: { 'content-range': '100000-' }, fault: { hang: true } }],
    call: { kind: 'upload', chunkSize: 100_000 },
    expect: {
      value,
      requests: [
        BEGIN,
        'PATCH {upload-1} 0-99999',
        'PATCH {upload-1} 100000-199999',
        'GET {upload-1}',
        'PATCH {upload-1} 100000-199999',
        'PATCH {upload-1} 200000-299999',
        'PUT {upload-1}&{closing} 0 bytes',
      ],
    },
  },
  {
    name: 'a registry stands still after it has closed the upload',
    steps: [{ at: 'PUT *', fault: { hang: true, heard: true } }],
    call: { kind: 'upload' },
    expect: {
      value,
      requests: [BEGIN, 'PUT {upload-1}&{closing} 300000 bytes', 'HEAD /v2/team/app/blobs/{blob}'],
    },
  },
];

/** An upload fails for good, and another process goes on with its session. */
export const AGAIN_SCENARIOS: readonly WritingScenario[] = PLACES.filter(
  ({ way, method, cut }) => way !== 'of a stream' || method !== 'PUT' || cut !== 'all of it arrived',
).map((place) => ({
  name: `another process goes on with an upload ${place.way}, dead at byte ${String(place.offset)} when ${place.cut}`,
  steps: [
    stepsOf(place),
    AFRESH,
    // Where the upload may be closed the blob is looked for.
    ...(place.method === 'PUT' ? [{ at: 'HEAD *', fault: { drop: true } } as const] : []),
  ],
  call: { kind: 'upload', again: true, ...place.call },
  expect: { value, requests: { atLeast: 4, atMost: 10 } },
  // A browser has used the connection to ask whether it may send the request.
  page: false,
}));
