import type { AuthConfig } from '@stowage/types';
import { REGISTRY } from './fixtures.ts';
import type { Reply, Sent } from './scripted-fetch.ts';

export const PING = `GET ${REGISTRY}/v2/`;
export const TAGS_URL = `${REGISTRY}/v2/team/app/tags/list`;
export const TAGS = `GET ${TAGS_URL}`;
export const REALM = 'https://auth.registry.example/token';
export const SCOPE = 'scope=repository%3Ateam%2Fapp%3Apull';
export const TOKEN = `GET ${REALM}?${SCOPE}&service=reg`;
export const ANN: AuthConfig = { username: 'ann', password: 'secret' };
export const ANN_TOKEN = `GET ${REALM}?account=ann&${SCOPE}&service=reg`;
export const ANN_BASIC = 'Basic YW5uOnNlY3JldA==';

export function challenge(...challenges: string[]): Reply {
  return { status: 401, headers: { 'www-authenticate': challenges.join(', ') } };
}

export const BEARER = challenge(`Bearer realm="${REALM}",service="reg",scope="repository:team/app:pull"`);
export const BASIC = challenge('Basic realm="r"');

/** Lets in who has one of these `Authorization` headers. */
export function guarded(
  allowed: string | readonly string[],
  refusal: Reply = BEARER,
  inside: Reply = { json: { tags: ['v1'] } },
): (sent: Sent) => Reply {
  return ({ headers }) => ([allowed].flat().includes(headers['authorization'] ?? '-') ? inside : refusal);
}
