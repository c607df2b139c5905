import { decodeGoJson, isRawJson, StowageError } from '@stowage/types';
import type { AuthConfig, Bytes } from '@stowage/types';
import { decodeAuth } from './credential.ts';

/** More than any configuration has, bytes. */
export const MAX_DOCKER_CONFIG: number = 4 * 1024 * 1024;

/** What docker's configuration calls the account at Docker Hub. */
const HUB_KEY = 'https://index.docker.io/v1/';
const HUB_HOSTS: readonly string[] = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/** Proxies as docker's configuration has them. */
export interface DockerProxy {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly noProxy?: string;
  readonly ftpProxy?: string;
  readonly allProxy?: string;
}

/** What is read of a docker `config.json` or a podman `auth.json`. */
export interface DockerConfigDocument {
  /** Where it comes from, for messages. */
  readonly source: string;
  /** Accounts by key, as they are written. */
  readonly auths: Readonly<Record<string, unknown>>;
  /** The helper that keeps the credentials of every registry that has none of its own. */
  readonly credsStore: string;
  /** Helpers by registry. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** Headers for docker's own requests. */
  readonly httpHeaders: Readonly<Record<string, string>>;
  /** Proxies by daemon; `default` for all others. */
  readonly proxies: Readonly<Record<string, DockerProxy>>;
}

/** The part of a registry that a key of `auths` stands for. */
export interface AuthKey {
  /** Host and port in lower case; `docker.io` for Docker Hub. */
  readonly host: string;
  /** The beginning of the names it holds for; empty for all. */
  readonly path: string;
}

/**
 * Reads a configuration.
 *
 * @param source where it comes from, for messages
 * @throws `INVALID_ARGUMENT` with the source where it is malformed
 */
export function parseDockerConfig(input: Bytes | string, source: string): DockerConfigDocument {
  let json: unknown;
  try {
    // No message of Go's has more of the text in it than a character: it is full of secrets.
    json = decodeGoJson(input, { maxBytes: MAX_DOCKER_CONFIG, maxDepth: 100 });
  } catch (cause) {
    throw malformed(source, (cause as Error).message, { cause });
  }
  const document = recordOf(json, source, 'the file');
  const proxies = Object.entries(recordOf(document['proxies'], source, 'proxies'));
  return {
    source,
    auths: recordOf(document['auths'], source, 'auths'),
    credsStore: textOf(document['credsStore'], source, 'credsStore'),
    credHelpers: stringsOf(document['credHelpers'], source, 'credHelpers'),
    httpHeaders: stringsOf(document['HttpHeaders'], source, 'HttpHeaders'),
    proxies: Object.fromEntries(
      proxies.map(([daemon, proxy]) => [daemon, stringsOf(proxy, source, `proxies.${daemon}`)]),
    ),
  };
}

/**
 * The account for a repository: under the longest path that holds it, else the registry's own. Hosts are compared whole.
 * Empty entries, which docker leaves beside a credentials store, count for nothing.
 *
 * @throws `INVALID_ARGUMENT` with the source where the entry is malformed
 */
export function findDockerAuth(
  { auths, source }: DockerConfigDocument,
  host: string,
  repository: string | undefined,
): AuthConfig | undefined {
  const wanted = canonicalHost(host);
  let best: { readonly path: string; readonly key: string; readonly auth: AuthConfig } | undefined;
  for (const [key, value] of Object.entries(auths)) {
    const { host: own, path } = parseAuthKey(key);
    if (own !== wanted || !covers(path, repository)) continue;
    const isBetter = best === undefined || path.length > best.path.length;
    // Of several spellings, the one that docker writes; else the first.
    const isExact = path === best?.path && key === dockerKey(host);
    if (!isBetter && !isExact) continue;
    const auth = accountOf(value, wanted, source, key);
    if (auth !== undefined) best = { path, key, auth };
  }
  return best?.auth;
}

/** The helper that keeps the credentials of a registry; `undefined` where the file does. */
export function helperOf(
  { credHelpers, credsStore }: DockerConfigDocument,
  host: string,
): string | undefined {
  const wanted = canonicalHost(host);
  const own = Object.entries(credHelpers).find(([key]) => {
    const { host: named, path } = parseAuthKey(key);
    return named === wanted && path === '';
  });
  const name = own === undefined ? credsStore : own[1];
  return name === '' ? undefined : name;
}

/** The key that docker keeps a registry's account under. */
export function dockerKey(host: string): string {
  const wanted = canonicalHost(host);
  return wanted === 'docker.io' ? HUB_KEY : wanted;
}

/**
 * Takes a key apart. docker's old keys are URLs, of which only the host counts; podman's may go on with the beginning of
 * a repository's name.
 */
export function parseAuthKey(key: string): AuthKey {
  const bare = key.replace(/^https?:\/\//i, '');
  const slash = bare.indexOf('/');
  const host = canonicalHost(slash < 0 ? bare : bare.slice(0, slash));
  const path = slash < 0 || bare !== key ? '' : bare.slice(slash + 1).replace(/\/$/, '');
  return { host, path: path === 'v1' || path === 'v2' ? '' : path };
}

/** A host in lower case, Docker Hub by one name. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return HUB_HOSTS.includes(lower) ? 'docker.io' : lower;
}

function covers(path: string, repository: string | undefined): boolean {
  return path === '' || repository === path || repository?.startsWith(`${path}/`) === true;
}

function accountOf(value: unknown, host: string, source: string, key: string): AuthConfig | undefined {
  const entry = recordOf(value, source, `auths.${key}`);
  const member = (name: string): string => textOf(entry[name], source, `auths.${key}.${name}`);
  const identityToken = member('identitytoken');
  const registryToken = member('registrytoken');
  let { username, password } = { username: member('username'), password: member('password') };
  if (member('auth') !== '') {
    try {
      ({ username = '', password = '' } = decodeAuth(member('auth')));
    } catch (cause) {
      throw malformed(source, `auths.${key}: ${(cause as Error).message}`, { cause });
    }
  }
  if (username === '' && password === '' && identityToken === '' && registryToken === '') return undefined;
  return {
    username,
    password,
    serverAddress: host,
    ...(identityToken === '' ? {} : { identityToken }),
    ...(registryToken === '' ? {} : { registryToken }),
  };
}

function recordOf(value: unknown, source: string, what: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value) && !isRawJson(value)) {
    return value as Record<string, unknown>;
  }
  throw malformed(source, `${what} is not an object`);
}

function stringsOf(value: unknown, source: string, what: string): Record<string, string> {
  const entries = Object.entries(recordOf(value, source, what));
  return Object.fromEntries(entries.map(([key, text]) => [key, textOf(text, source, `${what}.${key}`)]));
}

function textOf(value: unknown, source: string, what: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw malformed(source, `${what} is not a string`);
}

function malformed(source: string, fault: string, options: ErrorOptions = {}): StowageError {
  return new StowageError('INVALID_ARGUMENT', `${source}: malformed docker configuration: ${fault}`, options);
}
