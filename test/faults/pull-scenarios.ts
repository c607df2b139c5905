import type { ErrorCode } from '@stowage/types';
import type { PullScenario } from './pull-scenario.ts';
import type { Fault, ScenarioStep } from './script.ts';

const REPOSITORY = '/v2/team/app';
const TAG = `${REPOSITORY}/manifests/v1`;
const MANIFEST = `${REPOSITORY}/manifests/{manifest}`;
const CONFIG = `${REPOSITORY}/blobs/{config}`;
const BASE = `${REPOSITORY}/blobs/{base}`;
const TOP = `${REPOSITORY}/blobs/{top}`;
const ALWAYS = 'always';

const refused = (status: number, code: string): Fault => ({
  status,
  json: { errors: [{ code, message: 'says the registry' }] },
});
const step = (at: string, fault: Fault, times: ScenarioStep['times'] = 1): ScenarioStep => ({
  at,
  fault,
  times,
});
const header = (name: string, value: string | null): Fault => ({ headers: { [name]: value } });

/** One fault, and the pull goes on as if it had not been. */
function mended(name: string, at: string, fault: Fault, more: Partial<PullScenario> = {}): PullScenario {
  return { name, steps: [step(at, fault)], ...more };
}

/** A fault that stays, and how the pull fails. */
function fatal(name: string, at: string, fault: Fault, code: ErrorCode, message?: string): PullScenario {
  const error = { code, ...(message === undefined ? {} : { message }) };
  return { name, steps: [step(at, fault, ALWAYS)], error };
}

const TAGS: readonly PullScenario[] = [
  fatal(
    'no such tag',
    `*${TAG}`,
    refused(404, 'MANIFEST_UNKNOWN'),
    'NOT_FOUND',
    'not found: manifest unknown: says',
  ),
  fatal('no such repository', `*${TAG}`, refused(404, 'NAME_UNKNOWN'), 'NOT_FOUND', 'repository 127.0.0.1'),
  fatal(
    'a repository of somebody else',
    `*${TAG}`,
    refused(403, 'DENIED'),
    'NOT_FOUND',
    'pull access denied for 127.0.0.1',
  ),
  fatal(
    'a registry that wants to know who asks',
    '*',
    { ...refused(401, 'UNAUTHORIZED'), headers: { 'www-authenticate': 'Basic realm="r"' } },
    'UNAUTHENTICATED',
  ),
  mended('too many requests, once', `HEAD ${TAG}`, { status: 429, headers: { 'retry-after': '1' } }),
  fatal('too many requests, for good', `*${TAG}`, refused(429, 'TOOMANYREQUESTS'), 'RATE_LIMITED'),
  mended('a HEAD that is out of order', `HEAD ${TAG}`, { status: 503 }),
  mended('a HEAD that is not allowed', `HEAD ${TAG}`, { status: 405 }, { requests: [`GET ${TAG}`] }),
  mended('a HEAD without a digest', `HEAD ${TAG}`, header('docker-content-digest', null), {
    requests: [`GET ${TAG}`],
  }),
  mended('a HEAD without a length', `HEAD ${TAG}`, header('content-length', null), {
    requests: [`GET ${TAG}`],
  }),
  mended('a HEAD that calls it text', `HEAD ${TAG}`, header('content-type', 'text/plain'), {
    requests: [`GET ${TAG}`],
  }),
  mended('a HEAD whose digest is a path', `HEAD ${TAG}`, header('docker-content-digest', 'sha256:../../x')),
  mended('a HEAD that gets no answer', `HEAD ${TAG}`, { drop: true }),
  mended('a HEAD that hangs', `HEAD ${TAG}`, { hang: true }),
  fatal('a registry that is out of order', `*${TAG}`, { status: 503 }, 'UNAVAILABLE', '503'),
  fatal('a page for people in place of everything', '*', { status: 500, body: '<html>' }, 'UNAVAILABLE'),
  fatal('sockets that are cut before every answer', '*', { drop: true }, 'UNAVAILABLE'),
];

const MANIFESTS: readonly PullScenario[] = [
  mended(
    'a digest that is not known, though the tag is',
    `GET ${MANIFEST}`,
    refused(404, 'MANIFEST_UNKNOWN'),
    {
      requests: [`HEAD ${TAG}`, `GET ${MANIFEST}`, `GET ${TAG}`],
    },
  ),
  fatal(
    'a manifest with another byte',
    `GET ${MANIFEST}`,
    { flipByte: 40 },
    'DIGEST_MISMATCH',
    'manifest verification failed for digest sha256:',
  ),
  fatal('a manifest that ends early', `GET ${MANIFEST}`, { endAfter: 50 }, 'DIGEST_MISMATCH'),
  fatal('a manifest with more behind it', `GET ${MANIFEST}`, { longer: 10 }, 'DIGEST_MISMATCH'),
  fatal('a manifest without end', `GET ${MANIFEST}`, { spaces: 5_000_000, chunked: true }, 'LIMIT_EXCEEDED'),
  fatal(
    'a manifest that is a page for people',
    `GET ${MANIFEST}`,
    { body: '<html>Sign in</html>' },
    'DIGEST_MISMATCH',
  ),
  fatal(
    'an image that comes as an index',
    `GET ${MANIFEST}`,
    header('content-type', 'application/vnd.oci.image.index.v1+json'),
    'INVALID_MANIFEST',
  ),
  fatal(
    'no manifest by digest, and none by tag',
    `GET ${REPOSITORY}/manifests/*`,
    refused(404, 'MANIFEST_UNKNOWN'),
    'NOT_FOUND',
    'error after falling back to get manifest by tag',
  ),
  mended('a manifest that is out of order', `GET ${MANIFEST}`, { status: 503 }, { asked: { [MANIFEST]: 2 } }),
  mended('a manifest that is cut', `GET ${MANIFEST}`, { cutAfter: 100 }, { asked: { [MANIFEST]: 2 } }),
  mended(
    'a manifest that stands still',
    `GET ${MANIFEST}`,
    { stallAfter: 100 },
    { asked: { [MANIFEST]: 2 } },
  ),
  mended('a manifest that gets no answer', `GET ${MANIFEST}`, { drop: true }, { asked: { [MANIFEST]: 2 } }),
  mended('a manifest that hangs', `GET ${MANIFEST}`, { hang: true }, { asked: { [MANIFEST]: 2 } }),
  mended('a manifest of no length', `GET ${MANIFEST}`, { chunked: true }, { asked: { [MANIFEST]: 1 } }),
  mended('a manifest that was compressed', `GET ${MANIFEST}`, { gzip: true }),
];

const CONFIGS: readonly PullScenario[] = [
  fatal(
    'a configuration with another byte',
    `GET ${CONFIG}`,
    { flipByte: 3 },
    'DIGEST_MISMATCH',
    'error pulling image configuration: image config verification failed for digest sha256:',
  ),
  fatal(
    'a configuration that ends early',
    `GET ${CONFIG}`,
    { endAfter: 9 },
    'SIZE_MISMATCH',
    'error pulling image configuration: ',
  ),
  fatal(
    'a configuration with more behind it',
    `GET ${CONFIG}`,
    { longer: 9 },
    'SIZE_MISMATCH',
    'error pulling image configuration: ',
  ),
  fatal(
    'a configuration that is not there',
    `GET ${CONFIG}`,
    refused(404, 'BLOB_UNKNOWN'),
    'NOT_FOUND',
    'error pulling image configuration: download failed after attempts=1: blob unknown',
  ),
  fatal(
    'a configuration that is not for everybody',
    `GET ${CONFIG}`,
    refused(403, 'DENIED'),
    'DENIED',
    'attempts=1',
  ),
  fatal(
    'a configuration that stays out of order',
    `GET ${CONFIG}`,
    { status: 503 },
    'UNAVAILABLE',
    'attempts=6',
  ),
  fatal(
    'a configuration that is cut over and over',
    `GET ${CONFIG}`,
    { cutAfter: 5 },
    'UNAVAILABLE',
    'attempts=6',
  ),
  {
    name: 'a configuration that is out of order for a while',
    steps: [step(`GET ${CONFIG}`, { status: 503 }, 12)],
  },
  mended('a configuration that is cut', `GET ${CONFIG}`, { cutAfter: 50 }),
  mended('a configuration that stands still', `GET ${CONFIG}`, { stallAfter: 50 }),
  mended('a configuration that gets no answer', `GET ${CONFIG}`, { drop: true }),
  mended('a configuration of no length', `GET ${CONFIG}`, { chunked: true }),
];

const resumed = [`GET ${BASE}`, `GET ${BASE} bytes=5000-`];

const LAYERS: readonly PullScenario[] = [
  fatal(
    'a layer with another byte',
    `GET ${BASE}`,
    { flipByte: 999 },
    'DIGEST_MISMATCH',
    'filesystem layer verification failed for digest sha256:',
  ),
  fatal('a layer that ends early', `GET ${BASE}`, { endAfter: 5_000 }, 'SIZE_MISMATCH'),
  fatal('a layer with more behind it', `GET ${BASE}`, { longer: 1 }, 'SIZE_MISMATCH'),
  fatal('a layer that is not there', `GET ${TOP}`, refused(404, 'BLOB_UNKNOWN'), 'NOT_FOUND', 'blob unknown'),
  fatal(
    'a layer that is not for everybody',
    `GET ${TOP}`,
    refused(403, 'DENIED'),
    'NOT_FOUND',
    'pull access denied',
  ),
  fatal('a layer that stays out of order', `GET ${TOP}`, { status: 503 }, 'UNAVAILABLE'),
  fatal(
    'a layer that breaks off before its first byte, over and over',
    `GET ${BASE}`,
    { cutAfter: 0 },
    'UNAVAILABLE',
  ),
  mended(
    'a layer that is cut',
    `GET ${BASE}`,
    { cutAfter: 5_000 },
    { requests: resumed, asked: { [BASE]: 2 } },
  ),
  mended(
    'a layer that stands still',
    `GET ${BASE}`,
    { stallAfter: 5_000 },
    { requests: resumed, asked: { [BASE]: 2 } },
  ),
  mended('a layer that gets no answer', `GET ${BASE}`, { drop: true }, { asked: { [BASE]: 2 } }),
  mended('a layer that hangs', `GET ${BASE}`, { hang: true }, { asked: { [BASE]: 2 } }),
  mended('a layer that is out of order', `GET ${TOP}`, { status: 503 }, { asked: { [TOP]: 2 } }),
  mended(
    'a layer that too many ask for',
    `GET ${TOP}`,
    { status: 429, headers: { 'retry-after': '2' } },
    { asked: { [TOP]: 2 } },
  ),
  mended('a layer of no length', `GET ${BASE}`, { chunked: true }, { asked: { [BASE]: 1 } }),
  mended('a layer that was compressed once more', `GET ${BASE}`, { gzip: true }),
  {
    name: 'a layer that is cut, by a registry that knows no ranges',
    steps: [step(`GET ${BASE}`, { cutAfter: 5_000 }), step(`GET ${BASE}`, { range: null }, ALWAYS)],
    requests: resumed,
  },
  {
    name: 'a layer that is cut, and another range than was asked for',
    // Who lost all that came before the cut asks for no range, and gets none.
    steps: [
      step(`GET ${BASE}`, { cutAfter: 5_000 }),
      { ...step(`GET ${BASE}`, { range: 'bytes=7000-' }), when: { range: 'bytes=' } },
    ],
  },
  {
    name: 'a layer that is cut over and over, further on each time',
    steps: Array.from({ length: 8 }, () => step(`GET ${BASE}`, { cutAfter: 20_000 })),
    asked: { [BASE]: 9 },
  },
  {
    name: 'all blobs cut at once',
    steps: [CONFIG, BASE, TOP].map((blob) => step(`GET ${blob}`, { cutAfter: 20 })),
    asked: { [BASE]: 2, [TOP]: 2 },
  },
  {
    name: 'a layer that is elsewhere',
    // A page asks once more, for the browser to follow by itself.
    steps: [step(`GET ${BASE}`, { status: 307, headers: { location: `{elsewhere}${BASE}` } }, ALWAYS)],
    requests: [`elsewhere GET ${BASE}`],
  },
  {
    name: 'a layer that is elsewhere, where it is not',
    steps: [
      step(`GET ${BASE}`, { status: 307, headers: { location: `{elsewhere}${BASE}` } }, ALWAYS),
      { ...step(`GET ${BASE}`, { status: 404, body: 'gone' }, ALWAYS), host: 'elsewhere' },
    ],
    error: { code: 'NOT_FOUND' },
  },
  {
    ...fatal(
      'a layer that leads back to itself',
      `GET ${BASE}`,
      { status: 307, headers: { location: BASE } },
      'REGISTRY',
    ),
    // The browser follows by itself, and says no more than that nothing came of it.
    page: { error: { code: 'UNAVAILABLE' } },
  },
];

/** Whole pulls from registries at fault. */
export const PULL_SCENARIOS: readonly PullScenario[] = [...TAGS, ...MANIFESTS, ...CONFIGS, ...LAYERS];
