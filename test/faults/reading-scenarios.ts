import { BLOB_SCENARIOS } from './blob-scenarios.ts';
import { LIST_SCENARIOS, REFERRER_SCENARIOS } from './list-scenarios.ts';
import { MANIFEST_SCENARIOS } from './manifest-scenarios.ts';
import { PARALLEL_SCENARIOS } from './parallel-scenarios.ts';
import type { ReadingScenario } from './reading-scenario.ts';
import { ELSEWHERE_SCENARIOS, REDIRECT_SCENARIOS } from './redirect-scenarios.ts';
import { RESUME_SCENARIOS } from './resume-scenarios.ts';
import { RETRY_SCENARIOS } from './retry-scenarios.ts';
import { TOKEN_SCENARIOS } from './token-scenarios.ts';

/** Every scenario of reading, by what it is about. */
export const READING_SCENARIOS: Readonly<Record<string, readonly ReadingScenario[]>> = {
  'a blob that breaks': RESUME_SCENARIOS,
  'a blob': BLOB_SCENARIOS,
  'a blob over several connections': PARALLEL_SCENARIOS,
  'requests that are sent again': RETRY_SCENARIOS,
  manifests: MANIFEST_SCENARIOS,
  lists: LIST_SCENARIOS,
  referrers: REFERRER_SCENARIOS,
  tokens: TOKEN_SCENARIOS,
  redirects: REDIRECT_SCENARIOS,
  'other places': ELSEWHERE_SCENARIOS,
};
