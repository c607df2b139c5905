import { AGAIN_SCENARIOS, CUT_SCENARIOS } from './cut-scenarios.ts';
import { DELETE_SCENARIOS } from './delete-scenarios.ts';
import { MOUNT_SCENARIOS, UPLOAD_TOKEN_SCENARIOS } from './mount-scenarios.ts';
import { PUT_SCENARIOS, SUBJECT_SCENARIOS } from './put-scenarios.ts';
import { REFUSAL_SCENARIOS } from './refusal-scenarios.ts';
import { UPLOAD_SCENARIOS } from './upload-scenarios.ts';
import type { WritingScenario } from './writing-scenario.ts';

/** Every scenario of writing, by what it is about. */
export const WRITING_SCENARIOS: Readonly<Record<string, readonly WritingScenario[]>> = {
  'an upload': UPLOAD_SCENARIOS,
  'an upload that is refused': REFUSAL_SCENARIOS,
  'an upload that breaks': CUT_SCENARIOS,
  'an upload that another process goes on with': AGAIN_SCENARIOS,
  mounts: MOUNT_SCENARIOS,
  'tokens of uploads': UPLOAD_TOKEN_SCENARIOS,
  manifests: PUT_SCENARIOS,
  subjects: SUBJECT_SCENARIOS,
  deletion: DELETE_SCENARIOS,
};
