import type { ExpectedRequests } from './reading-scenario.ts';
import type { WritingScenario } from './writing-scenario.ts';

const MANIFESTS = '/v2/team/app/manifests';
const PUT = `PUT ${MANIFESTS}`;
const INDEX = `${MANIFESTS}/{fallback}`;
const errors = (code: string, detail?: unknown): unknown => ({
  errors: [{ code, message: 'what the registry says', detail }],
});
const image = { kind: 'put', reference: 'v2', document: 'image' } as const;
const signature = { kind: 'put', reference: 'sig', document: 'signature' } as const;
/** Looks for a blob that is not there. */
const ABSENT_LAYER = 'HEAD /v2/team/app/blobs/{layer}';
const value = '{image}';
const lists = '{signature}';
/** A registry that knows nothing of subjects. */
const unaware = [
  { at: `${PUT}/sig`, fault: { headers: { 'oci-subject': null } } },
  { at: 'GET */referrers/*', fault: { status: 404 }, times: 'always' },
] as const;

/** Manifests that are put. */
export const PUT_SCENARIOS: readonly WritingScenario[] = [
  {
    name: 'a sound registry takes a manifest',
    steps: [],
    call: image,
    expect: { value, requests: [`${PUT}/v2`], tags: ['v1', 'v2'] },
  },
  {
    name: 'a manifest by its digest',
    steps: [],
    call: { ...image, reference: '{image}' },
    expect: { value, requests: [`${PUT}/{image}`], tags: ['v1'] },
  },
  {
    name: 'several tags at once',
    steps: [],
    call: { ...image, tags: ['v3', 'v4'] },
    expect: {
      value,
      requests: [`${PUT}/{image}?tag=v2&tag=v3&tag=v4`],
      tags: ['v1', 'v2', 'v3', 'v4'],
    },
  },
  {
    name: 'a registry that does not know of several tags at once gets them one by one',
    steps: [{ at: `${PUT}/{image}*`, fault: { status: 404 } }],
    call: { ...image, tags: ['v3'] },
    expect: {
      value,
      requests: [`${PUT}/{image}?tag=v2&tag=v3`, `${PUT}/v2`, `${PUT}/v3`],
      tags: ['v1', 'v2', 'v3'],
    },
  },
  {
    name: 'container-libs#42: 429 to a manifest, with the wait that the registry wants',
    steps: [{ at: `${PUT}/v2`, fault: { status: 429, headers: { 'retry-after': '5' } } }],
    call: image,
    expect: { value, requests: [`${PUT}/v2`, `${PUT}/v2`], waits: [5_000] },
  },
  {
    name: 'skopeo#2841: 502 to a manifest',
    steps: [{ at: `${PUT}/v2`, fault: { status: 502, body: '<html>Bad Gateway</html>' } }],
    call: image,
    expect: { value, requests: [`${PUT}/v2`, `${PUT}/v2`], waits: [500] },
  },
  {
    name: 'a manifest is heard and its answer lost',
    steps: [{ at: `${PUT}/v2`, fault: { drop: true, heard: true } }],
    call: image,
    expect: { value, requests: [`${PUT}/v2`, `${PUT}/v2`], waits: [500] },
  },
  {
    name: 'ggcr#1500: a registry does not know a blob yet that it has',
    steps: [
      {
        at: `${PUT}/v2`,
        fault: { status: 400, json: errors('MANIFEST_BLOB_UNKNOWN', { digest: '{layer}' }) },
      },
    ],
    call: image,
    expect: {
      value,
      requests: [`${PUT}/v2`, 'HEAD /v2/team/app/blobs/{layer}', `${PUT}/v2`],
      waits: [500],
    },
  },
  {
    name: 'a registry does not have a blob and names it',
    steps: [
      {
        at: `${PUT}/v2`,
        fault: { status: 404, json: errors('MANIFEST_BLOB_UNKNOWN', { digest: '{layer}' }) },
      },
      { at: '* /v2/team/app/blobs/{layer}', fault: { status: 404 }, times: 'always' },
    ],
    call: image,
    expect: {
      error: { code: 'NOT_FOUND', message: '{layer}' },
      requests: [`${PUT}/v2`, ABSENT_LAYER],
      tags: ['v1'],
    },
  },
  {
    name: 'a registry does not have a blob and names none',
    steps: [
      { at: `${PUT}/v2`, fault: { status: 404, json: errors('MANIFEST_BLOB_UNKNOWN') } },
      { at: '* /v2/team/app/blobs/{config}', fault: { status: 404 }, times: 'always' },
    ],
    call: image,
    expect: {
      error: { code: 'NOT_FOUND', message: '{config}' },
      requests: [`${PUT}/v2`, 'HEAD /v2/team/app/blobs/{config}', 'HEAD /v2/team/app/blobs/{layer}'],
    },
  },
  {
    name: 'a registry insists that it has no blob that it has',
    steps: [
      {
        at: `${PUT}/v2`,
        fault: { status: 404, json: errors('MANIFEST_BLOB_UNKNOWN', { digest: '{layer}' }) },
        times: 'always',
      },
    ],
    call: image,
    expect: { error: { code: 'NOT_FOUND', message: '{layer}' }, requests: 6, waits: [500, 1_000] },
  },
  {
    name: 'a manifest that is too large for the registry',
    steps: [{ at: `${PUT}/v2`, fault: { status: 413 } }],
    call: image,
    expect: { error: { code: 'LIMIT_EXCEEDED', status: 413, message: 'too large' }, requests: [`${PUT}/v2`] },
  },
  {
    name: 'a registry that takes no such artifacts',
    steps: [{ at: `${PUT}/sig`, fault: { status: 405, json: errors('UNSUPPORTED') } }],
    call: signature,
    expect: {
      error: { code: 'UNSUPPORTED', status: 405, message: 'artifact type test/signature' },
      requests: [`${PUT}/sig`],
    },
  },
  {
    name: 'ECR: a tag that is immutable',
    steps: [
      {
        at: `${PUT}/v2`,
        fault: { status: 400, json: errors('TAG_INVALID') },
      },
    ],
    call: image,
    expect: {
      error: { code: 'REGISTRY', status: 400, message: 'what the registry says' },
      requests: [`${PUT}/v2`],
    },
  },
  {
    name: 'a registry stores something else',
    steps: [
      {
        at: `${PUT}/v2`,
        fault: { headers: { 'docker-content-digest': `sha256:${'0'.repeat(64)}` } },
      },
    ],
    call: image,
    expect: { error: { code: 'DIGEST_MISMATCH' }, requests: [`${PUT}/v2`] },
  },
];

/** Manifests that are about another one. */
const SUBJECTS: readonly WritingScenario[] = [
  {
    name: 'a registry that lists referrers itself',
    steps: [],
    call: signature,
    expect: { value: lists, requests: [`${PUT}/sig`] },
  },
  {
    name: 'a registry that does not: the index under the fallback tag is made',
    steps: [...unaware],
    call: signature,
    expect: {
      value: lists,
      requests: [`${PUT}/sig`, `GET ${INDEX}`, `PUT ${INDEX} if-none-match *`, `GET ${INDEX}`],
      fallback: [lists],
    },
  },
  {
    name: 'an index that is there is added to, where nobody else changed it',
    steps: [...unaware],
    held: { sbom: 'sbom', '{fallback}': 'others' },
    call: signature,
    expect: {
      value: lists,
      requests: [`${PUT}/sig`, `GET ${INDEX}`, `PUT ${INDEX} if-match "{others}"`, `GET ${INDEX}`],
      fallback: ['{sbom}', lists],
    },
  },
  {
    name: 'somebody else changes the index meanwhile: it is read again',
    steps: [...unaware, { at: `PUT ${INDEX}`, fault: { status: 412 } }],
    held: { sbom: 'sbom', '{fallback}': 'others' },
    call: signature,
    expect: {
      value: lists,
      requests: [
        `${PUT}/sig`,
        `GET ${INDEX}`,
        `PUT ${INDEX} if-match "{others}"`,
        `GET ${INDEX}`,
        `PUT ${INDEX} if-match "{others}"`,
        `GET ${INDEX}`,
      ],
      fallback: ['{sbom}', lists],
    },
  },
  {
    name: 'a registry without conditions writes over what was entered: it is entered again',
    steps: [...unaware, { at: `PUT ${INDEX}`, fault: { status: 201 } }],
    call: signature,
    expect: {
      value: lists,
      requests: [
        `${PUT}/sig`,
        `GET ${INDEX}`,
        `PUT ${INDEX} if-none-match *`,
        `GET ${INDEX}`,
        `PUT ${INDEX} if-none-match *`,
        `GET ${INDEX}`,
      ],
      fallback: [lists],
    },
  },
  {
    name: 'others are faster over and over',
    steps: [...unaware, { at: `PUT ${INDEX}`, fault: { status: 412 }, times: 'always' }],
    call: signature,
    expect: { error: { code: 'CONFLICT', retryable: true }, requests: { atLeast: 21, atMost: 22 } },
  },
  {
    name: 'a fallback tag that is of something else is left as it is',
    steps: [...unaware],
    held: { '{fallback}': 'image' },
    call: signature,
    expect: { value: lists, requests: [`${PUT}/sig`, `GET ${INDEX}`], tags: ['v1', 'sig', '{fallback}'] },
  },
  {
    name: 'the index is answered 429 once',
    steps: [...unaware, { at: `PUT ${INDEX}`, fault: { status: 429, headers: { 'retry-after': '2' } } }],
    call: signature,
    expect: { value: lists, requests: { atLeast: 5, atMost: 6 }, waits: [2_000], fallback: [lists] },
  },
];

/** The header may be hidden from a page, which therefore asks for the list as well. */
export const SUBJECT_SCENARIOS: readonly WritingScenario[] = SUBJECTS.map((scenario) => {
  const { requests } = scenario.expect;
  if (scenario.steps.length === 0 || !isList(requests)) return scenario;
  const [first = '', ...rest] = requests;
  const list = 'GET /v2/team/app/referrers/{image}';
  return { ...scenario, page: { requests: [first, list, ...rest] } };
});

function isList(requests: ExpectedRequests): requests is readonly string[] {
  return Array.isArray(requests);
}
