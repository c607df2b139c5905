import { BLOB_SIZE } from './reading-scenario.ts';
import type { ReadingScenario } from './reading-scenario.ts';

const PATH = '/v2/team/app/blobs/{blob}';
const GET = `GET ${PATH}`;
const CUT = 100_000;
const REST = `${GET} bytes=100000-`;
/** Where every byte that had come was lost, the whole is asked for, and there is nothing to get wrong. */
const RANGED = { range: 'bytes=' };
const cut = { at: GET, fault: { cutAfter: CUT } } as const;
const blob = { kind: 'blob', digest: '{blob}' } as const;
const whole = [0, BLOB_SIZE] as const;
const errors = (code: string): unknown => ({ errors: [{ code, message: 'what the registry says' }] });

/** A blob whose connection breaks, and every way in which a registry can answer to the question for the rest. */
export const RESUME_SCENARIOS: readonly ReadingScenario[] = [
  {
    name: 'GHCR, Harbor: a body is cut in the middle; the rest is asked for',
    steps: [cut],
    call: blob,
    expect: { blob: whole, requests: [GET, REST], waits: [500] },
  },
  {
    name: 'a body is cut twice',
    steps: [cut, { at: GET, when: RANGED, fault: { cutAfter: 50_000 } }],
    call: blob,
    expect: { blob: whole, requests: [GET, REST, `${GET} bytes=150000-`], waits: [500, 1_000] },
  },
  {
    name: 'a body is cut before its first byte',
    steps: [{ at: GET, fault: { cutAfter: 0 } }],
    call: blob,
    expect: { blob: whole, requests: [GET, GET] },
  },
  {
    name: 'a body without Content-Length is cut (Cloudflare strips it)',
    steps: [{ at: GET, fault: { chunked: true, cutAfter: CUT } }],
    call: blob,
    expect: { blob: whole, requests: [GET, REST] },
  },
  {
    name: 'a body is cut behind its last byte',
    steps: [{ at: GET, fault: { chunked: true, cutAfter: BLOB_SIZE } }],
    call: { ...blob, size: BLOB_SIZE },
    expect: { blob: whole, requests: [GET] },
    page: { requests: { atLeast: 1, atMost: 2 } },
  },
  {
    name: 'a body is cut over and over',
    steps: [{ at: GET, fault: { cutAfter: 1_000 }, times: 'always' }],
    call: blob,
    expect: {
      blob: [0, 6_000],
      error: { code: 'UNAVAILABLE', retryable: true },
      requests: 6,
      waits: [500, 1_000, 2_000, 4_000, 8_000],
    },
  },
  {
    name: 'a part of a blob is cut',
    steps: [cut],
    call: { ...blob, offset: 50_000, length: 200_000 },
    expect: {
      blob: [50_000, 250_000],
      requests: [`${GET} bytes=50000-249999`, `${GET} bytes=150000-249999`],
    },
  },
  {
    name: 'moby#48539: a body stands still; the rest is asked for',
    steps: [{ at: GET, fault: { stallAfter: CUT } }],
    call: blob,
    // How much of it had been read by then is left to chance.
    expect: { blob: whole, requests: { atLeast: 2, atMost: 3 } },
  },
  {
    name: 'Range is ignored: 200 and the whole in place of 206',
    steps: [cut, { at: GET, when: RANGED, fault: { range: null } }],
    call: blob,
    expect: { blob: whole, requests: [GET, REST] },
  },
  {
    name: 'Range is ignored, and the whole is cut within what is had already',
    steps: [cut, { at: GET, when: RANGED, fault: { range: null, cutAfter: 60_000 } }],
    call: blob,
    expect: { blob: whole, requests: [GET, REST, REST] },
  },
  {
    name: 'the range begins elsewhere, and says so',
    steps: [cut, { at: GET, when: RANGED, fault: { range: 'bytes=90000-' } }],
    call: blob,
    expect: { blob: whole, requests: [GET, REST, GET] },
  },
  {
    name: 'the range ends early',
    steps: [cut, { at: GET, when: RANGED, fault: { range: 'bytes=100000-199999' } }],
    call: blob,
    expect: { blob: whole, requests: [GET, REST, GET] },
  },
  {
    name: 'the range does not say which it is',
    steps: [cut, { at: GET, when: RANGED, fault: { headers: { 'content-range': null } } }],
    call: blob,
    expect: { blob: whole, requests: [GET, REST, GET] },
  },
  {
    lossless: true,
    name: 'the range is of a blob of another size',
    steps: [
      cut,
      { at: GET, when: RANGED, fault: { headers: { 'content-range': 'bytes 100000-299999/300001' } } },
    ],
    call: { ...blob, size: BLOB_SIZE },
    expect: { blob: [0, CUT], error: { code: 'SIZE_MISMATCH' }, requests: [GET, REST] },
  },
  {
    lossless: true,
    name: 'the range has other bytes',
    steps: [cut, { at: GET, when: RANGED, fault: { flipByte: 0 } }],
    call: blob,
    expect: { error: { code: 'DIGEST_MISMATCH' }, requests: [GET, REST] },
  },
  {
    name: 'GCR, ECR: several ranges come, or none that can be used',
    steps: [
      cut,
      {
        at: GET,
        when: RANGED,
        fault: {
          status: 206,
          body: '--x\r\n',
          headers: { 'content-type': 'multipart/byteranges; boundary=x' },
        },
      },
    ],
    call: blob,
    expect: { blob: whole, requests: [GET, REST, GET] },
  },
  {
    name: 'a proxy compresses the range',
    steps: [cut, { at: GET, when: RANGED, fault: { gzip: true } }],
    call: blob,
    expect: { blob: whole, requests: [GET, REST, GET] },
    page: false,
  },
  {
    name: '416 that does not say why',
    steps: [cut, { at: GET, when: RANGED, fault: { status: 416 } }],
    call: blob,
    expect: { blob: whole, requests: [GET, REST, GET] },
  },
  {
    name: '416 that says that nothing is missing',
    steps: [
      { at: GET, fault: { chunked: true, cutAfter: BLOB_SIZE } },
      { at: GET, fault: { status: 416, headers: { 'content-range': 'bytes */300000' } } },
    ],
    call: blob,
    expect: { blob: whole, requests: [GET, `${GET} bytes=300000-`] },
    page: false,
  },
  {
    name: 'a proxy answers 400 to a range',
    steps: [cut, { at: GET, when: RANGED, fault: { status: 400, body: '<h1>Bad Request</h1>' } }],
    call: blob,
    expect: { blob: whole, requests: [GET, REST, GET] },
  },
  {
    lossless: true,
    name: 'the registry is busy when the rest is asked for',
    steps: [cut, { at: GET, when: RANGED, fault: { status: 503, headers: { 'retry-after': '7' } } }],
    call: blob,
    expect: { blob: whole, requests: [GET, REST, REST], waits: [500, 7_000] },
  },
  {
    lossless: true,
    name: 'the blob is gone when the rest is asked for',
    steps: [cut, { at: GET, when: RANGED, fault: { status: 404, json: errors('BLOB_UNKNOWN') } }],
    call: blob,
    expect: { blob: [0, CUT], error: { code: 'NOT_FOUND', status: 404 }, requests: [GET, REST] },
  },
];
