import { encodeBase64 } from './base64.ts';
import { decodeGoJson } from './go-json/go-json-decode.ts';
import { isJsonObject } from './go-json/go-json-member.ts';
import { goStruct, optional, readGoStruct } from './go-json/go-json-struct.ts';
import { encodeGoJson } from './go-json/go-json.ts';
import type { AuthConfig } from './ports/registry.ts';

/** What docker's configuration files call the account at Docker Hub. */
const OFFICIAL_KEY = 'https://index.docker.io/v1/';
const OFFICIAL_NAME = 'docker.io';

/** The most characters of a header that are looked at. */
const MAX_HEADER = 64 * 1024;

/** The members in moby's order, by the names that they have in JSON. */
const MEMBERS: Readonly<Record<string, keyof AuthConfig>> = {
  username: 'username',
  password: 'password',
  auth: 'auth',
  email: 'email',
  serveraddress: 'serverAddress',
  identitytoken: 'identityToken',
  registrytoken: 'registryToken',
};

const AUTH_CONFIG = goStruct(...Object.keys(MEMBERS).map((name) => optional(name, 'text')));

const PADDED_BASE64_URL = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=)?$/;

/**
 * Credentials as the value of an `X-Registry-Auth` header: JSON with moby's names, in the URL-safe base64 with padding.
 *
 * @param auth the credentials; empty members are left out
 *
 * @example
 * ```ts
 * import { encodeAuthConfig } from '@stowage/types';
 *
 * console.log(encodeAuthConfig({ username: 'alice' })); // eyJ1c2VybmFtZSI6ImFsaWNlIn0=
 * ```
 */
export function encodeAuthConfig(auth: AuthConfig): string {
  const members = Object.entries(MEMBERS).map(([name, key]) => [
    name,
    auth[key] === '' ? undefined : auth[key],
  ]);
  return encodeBase64(encodeGoJson(Object.fromEntries(members)))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}

/**
 * The credentials in the value of an `X-Registry-Auth` header. As in moby, a value that cannot be decoded stands for
 * nobody: the result is then empty. Names of members may be written in upper or lower case.
 *
 * @param header the value of the header, of at most 64 Ki characters
 *
 * @example
 * ```ts
 * import { decodeAuthConfig } from '@stowage/types';
 *
 * console.log(decodeAuthConfig('eyJ1c2VybmFtZSI6ImFsaWNlIn0=').username); // alice
 * ```
 */
export function decodeAuthConfig(header: string): AuthConfig {
  if (header.length > MAX_HEADER || !PADDED_BASE64_URL.test(header)) return {};
  let value: unknown;
  try {
    const text = atob(header.replaceAll('-', '+').replaceAll('_', '/'));
    value = decodeGoJson(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  } catch {
    return {};
  }
  if (!isJsonObject(value)) return {};
  const known = readGoStruct(value, AUTH_CONFIG);
  const auth: Partial<Record<keyof AuthConfig, string>> = {};
  for (const [name, key] of Object.entries(MEMBERS)) {
    const member = Object.hasOwn(known, name) ? known[name] : '';
    if (typeof member !== 'string') return {};
    if (member !== '') auth[key] = member;
  }
  return auth;
}

/**
 * The name that docker's configuration files keep the credentials of a registry under: the registry's own, and
 * `https://index.docker.io/v1/` for Docker Hub.
 *
 * @param indexName the registry's host, with its port where it has one; `docker.io` for Docker Hub
 *
 * @example
 * ```ts
 * import { getAuthConfigKey } from '@stowage/types';
 *
 * console.log(getAuthConfigKey('docker.io')); // https://index.docker.io/v1/
 * ```
 */
export function getAuthConfigKey(indexName: string): string {
  return indexName === OFFICIAL_NAME ? OFFICIAL_KEY : indexName;
}

/**
 * Finds the credentials of a registry among those of a docker configuration file, by moby's rules: those under its
 * {@link getAuthConfigKey}; else, but not for Docker Hub, the first whose key names the same host once its scheme and path
 * are cut off.
 *
 * @param authConfigs credentials by key
 * @param indexName the registry's host, with its port where it has one; `docker.io` for Docker Hub
 * @returns the credentials; without members where there are none
 *
 * @example
 * ```ts
 * import { resolveAuthConfig } from '@stowage/types';
 *
 * const authConfigs = { 'https://quay.io/v1/': { username: 'alice' } };
 * console.log(resolveAuthConfig(authConfigs, 'quay.io').username); // alice
 * ```
 */
export function resolveAuthConfig(
  authConfigs: Readonly<Record<string, AuthConfig>>,
  indexName: string,
): AuthConfig {
  const key = getAuthConfigKey(indexName);
  if (Object.hasOwn(authConfigs, key)) return authConfigs[key] ?? {};
  if (key === OFFICIAL_KEY) return {};
  return Object.entries(authConfigs).find(([name]) => hostnameOf(name) === key)?.[1] ?? {};
}

/** The scheme and everything from the first slash on cut off (moby's ConvertToHostname). */
function hostnameOf(url: string): string {
  const [host = ''] = url.replace(/^https?:\/\//, '').split('/', 1);
  return host;
}
