import type { ReadingScenario } from './reading-scenario.ts';

const TAGS = '/v2/team/app/tags/list';
const GET = `GET ${TAGS}`;
const CATALOG = 'GET /v2/_catalog';
const REFERRERS = 'GET /v2/team/app/referrers/{manifest}';
const FALLBACK = 'GET /v2/team/app/manifests/{fallback}';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI = 'application/vnd.oci.image.manifest.v1+json';
const tags = { kind: 'tags' } as const;
const referrers = { kind: 'referrers', digest: '{manifest}' } as const;
const value = ['v1', 'v2', 'v3'];

function first(link: string, names: readonly string[] = ['v1', 'v2']): ReadingScenario['steps'][number] {
  return { at: GET, fault: { json: { name: 'team/app', tags: names }, headers: { link } } };
}

function second(query: string, names: readonly string[] = ['v3']): ReadingScenario['steps'][number] {
  return { at: `${GET}${query}`, fault: { json: { name: 'team/app', tags: names } } };
}

function descriptor(digest: string, artifactType: string): unknown {
  return { mediaType: OCI, digest, size: 1, artifactType };
}

function index(manifests: readonly unknown[]): ReadingScenario['steps'][number]['fault'] {
  return {
    json: { schemaVersion: 2, mediaType: INDEX, manifests },
    headers: { 'content-type': INDEX },
  };
}

function linked(at: string, digest: string, page: number): ReadingScenario['steps'][number] {
  const headers = { 'content-type': INDEX, link: `<?page=${String(page)}>; rel="next"` };
  return { at, fault: { ...index([descriptor(digest, 'a/b')]), headers } };
}

/** Tags and repositories, page after page. */
export const LIST_SCENARIOS: readonly ReadingScenario[] = [
  { name: 'all tags at once', steps: [], call: tags, expect: { value, requests: [GET] } },
  {
    name: 'our own server: a page at a time',
    steps: [],
    call: { ...tags, pageSize: 2 },
    expect: { value, requests: [`${GET}?n=2`, `${GET}?last=v2&n=2`] },
  },
  {
    name: 'a relative Link',
    steps: [first(`<${TAGS}?last=v2&n=2>; rel="next"`), second('?last=v2&n=2')],
    call: tags,
    expect: { value, requests: [GET, `${GET}?last=v2&n=2`] },
  },
  {
    name: 'a Link with nothing but a query',
    steps: [first('<?last=v2>; rel=next'), second('?last=v2')],
    call: tags,
    expect: { value, requests: [GET, `${GET}?last=v2`] },
  },
  {
    name: 'an absolute Link',
    steps: [first(`<{registry}${TAGS}?last=v2>; rel="next"`), second('?last=v2')],
    call: tags,
    expect: { value, requests: [GET, `${GET}?last=v2`] },
  },
  {
    name: 'a Link that is encoded as a whole',
    steps: [first(`<${encodeURIComponent(`${TAGS}?last=v2`)}>; rel="next"`), second('?last=v2')],
    call: tags,
    expect: { value, requests: [GET, `${GET}?last=v2`] },
  },
  {
    name: 'a Link with encoded characters',
    steps: [first(`<${TAGS}?last=v2%2B%26&n=2>; rel="next"`), second('?last=v2%2B%26&n=2')],
    call: tags,
    expect: { value, requests: [GET, `${GET}?last=v2%2B%26&n=2`] },
  },
  {
    name: 'a Link without angle brackets',
    steps: [first(`${TAGS}?last=v2; rel="next"`), second('?last=v2')],
    call: tags,
    expect: { value, requests: [GET, `${GET}?last=v2`] },
  },
  {
    name: 'several relations in one Link',
    steps: [
      first(`<${TAGS}>; rel="first", <${TAGS}?last=v2>; rel="last next"; title="a, b"`),
      second('?last=v2'),
    ],
    call: tags,
    expect: { value, requests: [GET, `${GET}?last=v2`] },
  },
  {
    name: 'renovate#35917, Artifactory: a Link that names every page so far',
    steps: [first(`<${TAGS}?last=v1&last=v2>; rel="next"`), second('?last=v2')],
    call: tags,
    expect: { value, requests: [GET, `${GET}?last=v2`] },
  },
  {
    name: 'a Link to the same page',
    steps: [{ ...first(`<${TAGS}>; rel="next"`), times: 'always' }],
    call: tags,
    expect: { error: { code: 'REGISTRY', message: 'circle' }, requests: [GET] },
  },
  {
    name: 'ever new Links to the same page',
    steps: [
      first('<?last=a>; rel="next"'),
      {
        at: `${GET}?last=a`,
        fault: { json: { tags: ['v1', 'v2'] }, headers: { link: '<?last=b>; rel="next"' } },
      },
    ],
    call: tags,
    expect: { error: { code: 'REGISTRY', message: 'circle' }, requests: [GET, `${GET}?last=a`] },
  },
  {
    name: 'a Link to another host',
    steps: [first(`<{elsewhere}${TAGS}?last=v2>; rel="next"`)],
    call: tags,
    expect: { error: { code: 'REGISTRY', message: 'another origin' }, requests: [GET] },
  },
  {
    name: 'distribution#4844: 400 for a large number',
    steps: [
      {
        at: `${GET}?n=5000`,
        fault: { status: 400, json: { errors: [{ code: 'PAGINATION_NUMBER_INVALID' }] } },
      },
    ],
    call: { ...tags, pageSize: 5_000 },
    expect: { value, requests: [`${GET}?n=5000`, GET] },
  },
  {
    name: 'ggcr#681, ECR: UNSUPPORTED for a large number',
    steps: [{ at: `${GET}?n=5000`, fault: { status: 405, json: { errors: [{ code: 'UNSUPPORTED' }] } } }],
    call: { ...tags, pageSize: 5_000 },
    expect: { value, requests: [`${GET}?n=5000`, GET] },
  },
  {
    name: 'docker-registry 2.8: the number is ignored',
    steps: [{ at: `${GET}?n=1`, fault: { json: { tags: value } } }],
    call: { ...tags, pageSize: 1 },
    expect: { value, requests: [`${GET}?n=1`] },
  },
  {
    name: 'null for no tags',
    steps: [{ at: GET, fault: { json: { name: 'team/app', tags: null } } }],
    call: tags,
    expect: { value: [], requests: [GET] },
  },
  {
    name: 'GCR: members that the specification does not know',
    steps: [{ at: GET, fault: { json: { child: [], manifest: { 'sha256:x': {} }, tags: value } } }],
    call: tags,
    expect: { value, requests: [GET] },
  },
  {
    name: 'renovate#3078, Artifactory: 406 for who accepts too little',
    steps: [
      { at: GET, when: { accept: 'application/json' }, fault: {}, times: 'always' },
      { at: GET, fault: { status: 406 }, times: 'always' },
    ],
    call: tags,
    expect: { value, requests: [GET] },
  },
  {
    name: 'a tag that is none',
    steps: [{ at: GET, fault: { json: { tags: ['../../etc/passwd'] } } }],
    call: tags,
    expect: { error: { code: 'REGISTRY', message: 'no tag' }, requests: [GET] },
  },
  {
    name: 'more tags than the caller wants',
    steps: [],
    call: { ...tags, maxEntries: 2 },
    expect: { error: { code: 'LIMIT_EXCEEDED' }, requests: [GET] },
  },
  {
    name: 'the repositories of a registry',
    steps: [
      {
        at: CATALOG,
        fault: { json: { repositories: ['a'] }, headers: { link: '</v2/_catalog?last=a>; rel="next"' } },
      },
    ],
    call: { kind: 'catalog' },
    expect: { value: ['a', 'team/app'], requests: [CATALOG, `${CATALOG}?last=a`] },
  },
  {
    name: 'Docker Hub: no list of repositories',
    steps: [{ at: CATALOG, fault: { status: 404, body: '404 page not found' } }],
    call: { kind: 'catalog' },
    expect: { error: { code: 'NOT_FOUND', status: 404 }, requests: [CATALOG] },
  },
];

/** What refers to a manifest. */
export const REFERRER_SCENARIOS: readonly ReadingScenario[] = [
  {
    name: 'referrers by the API',
    steps: [],
    call: referrers,
    expect: { value: ['{sbom}', '{signature}'], requests: [REFERRERS, FALLBACK] },
  },
  {
    name: 'referrers of one type, filtered by the registry',
    steps: [],
    call: { ...referrers, artifactType: 'test/sbom' },
    expect: { value: ['{sbom}'], requests: [`${REFERRERS}?artifactType=test%2Fsbom`, FALLBACK] },
  },
  {
    name: 'referrers of one type, not filtered by the registry',
    steps: [
      {
        at: `${REFERRERS}*`,
        fault: index([descriptor('{signature}', 'test/signature'), descriptor('{sbom}', 'test/sbom')]),
      },
    ],
    call: { ...referrers, artifactType: 'test/sbom' },
    expect: { value: ['{sbom}'], requests: 2 },
  },
  {
    name: 'aicr#1957, GHCR: MANIFEST_UNKNOWN for the API, and nothing under the fallback tag',
    steps: [{ at: REFERRERS, fault: { status: 404, json: { errors: [{ code: 'MANIFEST_UNKNOWN' }] } } }],
    call: referrers,
    expect: { value: [], requests: [REFERRERS, FALLBACK] },
  },
  {
    name: 'docker-registry 2.8: 404 as text, and an index under the fallback tag',
    steps: [
      { at: REFERRERS, fault: { status: 404, body: '404 page not found' } },
      { at: FALLBACK, fault: index([descriptor('{signature}', 'test/signature')]) },
    ],
    call: referrers,
    expect: { value: ['{signature}'], requests: [REFERRERS, FALLBACK] },
  },
  {
    name: 'a page for people at the address of the API',
    steps: [{ at: REFERRERS, fault: { body: '<html></html>' } }],
    call: referrers,
    expect: { value: [], requests: [REFERRERS, FALLBACK] },
  },
  {
    name: 'cosign#4641: some by the API and some under the fallback tag',
    steps: [
      { at: REFERRERS, fault: index([descriptor('{sbom}', 'test/sbom')]) },
      {
        at: FALLBACK,
        fault: index([descriptor('{sbom}', 'test/sbom'), descriptor('{signature}', 'test/signature')]),
      },
    ],
    call: referrers,
    expect: { value: ['{sbom}', '{signature}'], requests: [REFERRERS, FALLBACK] },
  },
  {
    name: 'GHCR: a fallback index that tells the type of the empty configuration',
    steps: [
      { at: `${REFERRERS}*`, fault: { status: 404 } },
      { at: FALLBACK, fault: index([descriptor('{sbom}', 'application/vnd.oci.empty.v1+json')]) },
    ],
    call: { ...referrers, artifactType: 'test/sbom' },
    expect: {
      value: ['{sbom}'],
      requests: [`${REFERRERS}?artifactType=test%2Fsbom`, FALLBACK, 'GET /v2/team/app/manifests/{sbom}'],
    },
  },
  {
    name: 'an image under the fallback tag',
    steps: [
      { at: REFERRERS, fault: { status: 404 } },
      {
        at: FALLBACK,
        fault: {
          json: { schemaVersion: 2, mediaType: OCI, config: descriptor('{sbom}', 'x/y'), layers: [] },
          headers: { 'content-type': OCI },
        },
      },
    ],
    call: referrers,
    expect: { value: [], requests: [REFERRERS, FALLBACK] },
  },
  {
    name: 'CVE-2023-46737: pages of referrers without end',
    steps: [
      linked(REFERRERS, '{sbom}', 1),
      linked(`${REFERRERS}?page=1`, '{signature}', 2),
      linked(`${REFERRERS}?page=2`, '{signature}', 3),
    ],
    call: referrers,
    expect: { error: { code: 'REGISTRY', message: 'circle' }, requests: 3 },
  },
  {
    name: 'more referrers than the caller wants',
    steps: [],
    call: { ...referrers, maxEntries: 1 },
    expect: { error: { code: 'LIMIT_EXCEEDED' }, requests: [REFERRERS] },
  },
];
