import type { ReadingScenario } from './reading-scenario.ts';

const TAG = '/v2/team/app/manifests/v1';
const DIGEST = '/v2/team/app/manifests/{manifest}';
const head = { kind: 'head', reference: 'v1' } as const;
const get = { kind: 'manifest', reference: 'v1' } as const;
const pinned = { kind: 'manifest', reference: '{manifest}' } as const;
const value = '{manifest}';
const OCI = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const errors = (code: string): unknown => ({ errors: [{ code, message: 'what the registry says' }] });
const without = (...names: string[]): Record<string, null> =>
  Object.fromEntries(names.map((name) => [name, null]));

/** Manifests by tag and by digest. */
export const MANIFEST_SCENARIOS: readonly ReadingScenario[] = [
  {
    name: 'Docker Hub: a HEAD is enough, and costs nothing',
    steps: [],
    call: head,
    expect: { value, requests: [`HEAD ${TAG}`] },
  },
  ...[400, 401, 403, 405, 500, 503].map((status): ReadingScenario => ({
    name: `Nexus and others: a HEAD is answered ${String(status)}`,
    steps: [{ at: `HEAD ${TAG}`, fault: { status } }],
    call: head,
    expect: { value, requests: [`HEAD ${TAG}`, `GET ${TAG}`] },
  })),
  {
    name: 'Red Hat, nixery, ECR: a HEAD without Docker-Content-Digest',
    steps: [{ at: `HEAD ${TAG}`, fault: { headers: without('docker-content-digest') } }],
    call: head,
    expect: { value, requests: [`HEAD ${TAG}`, `GET ${TAG}`] },
  },
  {
    name: 'a HEAD without Content-Length',
    steps: [{ at: `HEAD ${TAG}`, fault: { headers: without('content-length') } }],
    call: head,
    expect: { value, requests: [`HEAD ${TAG}`, `GET ${TAG}`] },
  },
  {
    name: 'a HEAD that does not say what it is about',
    steps: [{ at: `HEAD ${TAG}`, fault: { headers: { 'content-type': 'text/plain' } } }],
    call: head,
    expect: { value, requests: [`HEAD ${TAG}`, `GET ${TAG}`] },
  },
  {
    name: 'a HEAD whose digest is none',
    steps: [{ at: `HEAD ${TAG}`, fault: { headers: { 'docker-content-digest': 'sha256:../../x' } } }],
    call: head,
    expect: { value, requests: [`HEAD ${TAG}`, `GET ${TAG}`] },
  },
  {
    name: 'a HEAD of a digest that tells of another',
    steps: [{ at: `HEAD ${DIGEST}`, fault: { headers: { 'docker-content-digest': '{sbom}' } } }],
    call: { kind: 'head', reference: '{manifest}' },
    expect: { value, requests: [`HEAD ${DIGEST}`, `GET ${DIGEST}`] },
  },
  {
    name: 'regclient#711: a HEAD runs into the limit',
    steps: [{ at: `HEAD ${TAG}`, fault: { status: 429, headers: { 'retry-after': '3' } } }],
    call: head,
    expect: { value, requests: [`HEAD ${TAG}`, `HEAD ${TAG}`], waits: [3_000] },
  },
  {
    name: 'no such manifest',
    steps: [{ at: `*${TAG}`, fault: { status: 404, json: errors('MANIFEST_UNKNOWN') }, times: 'always' }],
    call: head,
    expect: {
      error: { code: 'NOT_FOUND', status: 404, message: 'manifest unknown' },
      requests: [`HEAD ${TAG}`],
    },
  },
  {
    name: 'proxies strip Docker-Content-Digest: it is computed',
    steps: [{ at: `GET ${TAG}`, fault: { headers: without('docker-content-digest') } }],
    call: get,
    expect: { value, requests: [`GET ${TAG}`] },
  },
  {
    name: 'Docker-Content-Digest by tag is of something else',
    steps: [{ at: `GET ${TAG}`, fault: { headers: { 'docker-content-digest': '{sbom}' } } }],
    call: get,
    expect: { error: { code: 'DIGEST_MISMATCH' }, requests: [`GET ${TAG}`] },
    page: false,
  },
  {
    name: 'CVE-2025-24882: other bytes than the digest names, whatever the headers say',
    steps: [
      { at: `GET ${DIGEST}`, fault: { flipByte: 9, headers: { 'docker-content-digest': '{manifest}' } } },
    ],
    call: pinned,
    expect: { error: { code: 'DIGEST_MISMATCH', retryable: false }, requests: [`GET ${DIGEST}`] },
  },
  {
    name: 'CVE-2021-41190: an image that comes as an index',
    steps: [{ at: `GET ${TAG}`, fault: { headers: { 'content-type': INDEX } } }],
    call: get,
    expect: { error: { code: 'INVALID_MANIFEST' }, requests: [`GET ${TAG}`] },
  },
  ...['text/plain; charset=utf-8', 'application/json', 'application/octet-stream', null].map(
    (type): ReadingScenario => ({
      name: `a manifest that comes as ${type ?? 'nothing'}`,
      steps: [{ at: `GET ${TAG}`, fault: { headers: { 'content-type': type } } }],
      call: get,
      expect: { value, requests: [`GET ${TAG}`] },
    }),
  ),
  {
    name: 'a media type with parameters, in other letters',
    steps: [
      { at: `GET ${TAG}`, fault: { headers: { 'content-type': `${OCI.toUpperCase()}; charset=utf-8` } } },
    ],
    call: get,
    expect: { value, requests: [`GET ${TAG}`] },
  },
  {
    name: 'GHCR: nothing for who does not accept indexes',
    steps: [
      { at: `GET ${TAG}`, when: { accept: INDEX }, fault: {}, times: 'always' },
      { at: `GET ${TAG}`, fault: { status: 404, json: errors('MANIFEST_UNKNOWN') }, times: 'always' },
    ],
    call: get,
    expect: { value, requests: [`GET ${TAG}`] },
  },
  {
    name: 'CVE-2020-1702: a manifest without end',
    steps: [{ at: `GET ${TAG}`, fault: { spaces: 5_000_000, chunked: true } }],
    call: get,
    expect: { error: { code: 'LIMIT_EXCEEDED' }, requests: [`GET ${TAG}`] },
  },
  {
    name: 'a manifest that says that it is too large',
    steps: [{ at: `GET ${TAG}`, fault: { spaces: 5_000_000 } }],
    call: get,
    expect: { error: { code: 'LIMIT_EXCEEDED' }, requests: [`GET ${TAG}`] },
  },
  {
    name: 'a manifest that is cut in the middle',
    steps: [{ at: `GET ${TAG}`, fault: { cutAfter: 100 } }],
    call: get,
    expect: { value, requests: [`GET ${TAG}`, `GET ${TAG}`], waits: [500] },
    page: false,
  },
  {
    name: 'a manifest that stands still in the middle',
    steps: [{ at: `GET ${TAG}`, fault: { stallAfter: 100 } }],
    call: get,
    expect: { value, requests: { atLeast: 2, atMost: 3 } },
  },
  {
    name: 'a page for people in place of a manifest',
    steps: [{ at: `GET ${TAG}`, fault: { body: '<html>Sign in</html>' } }],
    call: get,
    expect: { error: { code: 'INVALID_MANIFEST', message: 'a page for people' }, requests: [`GET ${TAG}`] },
  },
];
