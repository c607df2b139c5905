import type { WritingScenario } from './writing-scenario.ts';

const MANIFESTS = '/v2/team/app/manifests';
const errors = (code: string): unknown => ({ errors: [{ code, message: 'what the registry says' }] });

/** What is deleted. */
export const DELETE_SCENARIOS: readonly WritingScenario[] = [
  {
    name: 'a tag is deleted alone',
    steps: [],
    held: { v2: 'image' },
    call: { kind: 'delete', reference: 'v1' },
    expect: { value: 'deleted', requests: [`DELETE ${MANIFESTS}/v1`], tags: ['v2'] },
  },
  {
    name: 'a manifest is deleted with its tags',
    steps: [],
    call: { kind: 'delete', reference: '{image}' },
    expect: { value: 'deleted', requests: [`DELETE ${MANIFESTS}/{image}`] },
  },
  {
    name: 'a blob is deleted',
    steps: [],
    call: { kind: 'delete-blob', digest: '{layer}' },
    expect: { value: 'deleted', requests: ['DELETE /v2/team/app/blobs/{layer}'] },
  },
  {
    name: 'docker-reg-tool#19: a registry that deletes nothing, told of a manifest',
    steps: [{ at: 'DELETE *', fault: { status: 405, json: errors('UNSUPPORTED') } }],
    call: { kind: 'delete', reference: '{image}' },
    expect: {
      error: { code: 'UNSUPPORTED', status: 405, message: 'does not delete manifests' },
      requests: [`DELETE ${MANIFESTS}/{image}`],
      tags: ['v1'],
    },
  },
  {
    name: 'a registry that deletes nothing, told of a blob',
    steps: [{ at: 'DELETE *', fault: { status: 405, json: errors('UNSUPPORTED') } }],
    call: { kind: 'delete-blob', digest: '{layer}' },
    expect: {
      error: { code: 'UNSUPPORTED', status: 405, message: 'does not delete blobs' },
      requests: ['DELETE /v2/team/app/blobs/{layer}'],
    },
  },
  {
    name: 'regclient#335: a registry deletes no tag alone, and the manifest stays',
    steps: [{ at: 'DELETE *', fault: { status: 400, json: errors('DIGEST_INVALID') } }],
    call: { kind: 'delete', reference: 'v1' },
    expect: {
      error: { code: 'UNSUPPORTED', status: 400, message: '{image}' },
      requests: [`DELETE ${MANIFESTS}/v1`, `HEAD ${MANIFESTS}/v1`],
      tags: ['v1'],
    },
  },
  {
    name: 'a tag that is not there',
    steps: [],
    call: { kind: 'delete', reference: 'v9' },
    expect: {
      error: { code: 'NOT_FOUND', status: 404 },
      requests: [`DELETE ${MANIFESTS}/v9`, `HEAD ${MANIFESTS}/v9`],
    },
  },
  {
    name: 'a deletion is heard and its answer lost',
    steps: [{ at: 'DELETE *', fault: { drop: true, heard: true } }],
    call: { kind: 'delete', reference: '{image}' },
    expect: {
      value: 'deleted',
      requests: [`DELETE ${MANIFESTS}/{image}`, `DELETE ${MANIFESTS}/{image}`],
      waits: [500],
    },
    // A browser sends it again without telling.
    page: false,
  },
  {
    name: 'a deletion is answered 429',
    steps: [{ at: 'DELETE *', fault: { status: 429, headers: { 'retry-after': '4' } } }],
    call: { kind: 'delete-blob', digest: '{layer}' },
    expect: { value: 'deleted', requests: 2, waits: [4_000] },
  },
];
