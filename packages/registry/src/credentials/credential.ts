import { StowageError } from '@stowage/types';
import type { AuthConfig, CredentialOptions, CredentialProvider } from '@stowage/types';
import type { Endpoint } from '../address/endpoint.ts';
import { isDockerHub } from '../address/registry-host.ts';

/** What we may prove who we are with. */
export type Credential =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** A refresh token, which a token server turns into access tokens. */
  | { readonly kind: 'refresh'; readonly token: string }
  /** A bearer token that is sent as it is. */
  | { readonly kind: 'bearer'; readonly token: string };

/** Whether a token can stand in an `Authorization` header. */
export function isTokenText(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token);
}

/** No credential at all. */
export const ANONYMOUS: Credential = { kind: 'anonymous' };

/**
 * Finds the credential for one endpoint. Credentials that name the server they are for go to no other: hosts are
 * compared whole, ports included. A mirror gets only what names it, or what a provider gives for its host.
 *
 * @throws `INVALID_ARGUMENT` for a malformed `auth` member; whatever the provider throws
 */
export async function findCredential(
  auth: AuthConfig | CredentialProvider | undefined,
  endpoint: Endpoint,
  options: CredentialOptions,
): Promise<Credential> {
  const host = endpoint.credentialHost;
  const config = typeof auth === 'function' ? await auth(host, options) : auth;
  if (config === undefined) return ANONYMOUS;
  const { serverAddress } = config;
  if (serverAddress === undefined || serverAddress === '') {
    return endpoint.mirror && typeof auth !== 'function' ? ANONYMOUS : credentialOf(config);
  }
  return isSameServer(serverAddress, host) ? credentialOf(config) : ANONYMOUS;
}

function credentialOf(config: AuthConfig): Credential {
  const { registryToken, identityToken } = config;
  if (registryToken !== undefined && registryToken !== '') {
    if (isTokenText(registryToken)) return { kind: 'bearer', token: registryToken };
    throw invalid('registryToken cannot be sent');
  }
  if (identityToken !== undefined && identityToken !== '') return { kind: 'refresh', token: identityToken };
  const { username = '', password = '' } = config.username === undefined ? decodeAuth(config.auth) : config;
  return username === '' || password === '' ? ANONYMOUS : { kind: 'password', username, password };
}

/**
 * Takes `username:password` in base64 apart.
 *
 * @throws `INVALID_ARGUMENT` where it is malformed
 */
export function decodeAuth(auth: string | undefined): {
  readonly username?: string;
  readonly password?: string;
} {
  if (auth === undefined || auth === '') return {};
  let decoded: string;
  try {
    decoded = new TextDecoder().decode(Uint8Array.from(atob(auth), (character) => character.charCodeAt(0)));
  } catch (cause) {
    throw invalid('auth is not base64', { cause });
  }
  const colon = decoded.indexOf(':');
  if (colon <= 0) throw invalid('auth has no username');
  // Old clients padded the password with NULs.
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/^\0+|\0+$/g, '') };
}

/** docker's configuration keys: a bare host, or a URL of which only the host counts. */
function isSameServer(serverAddress: string, host: string): boolean {
  const bare = serverAddress.replace(/^https?:\/\//i, '').replace(/\/.*$/s, '');
  return bare === host || (host === 'docker.io' && isDockerHub(bare));
}

function invalid(message: string, options: ErrorOptions = {}): StowageError {
  return new StowageError('INVALID_ARGUMENT', `invalid auth configuration: ${message}`, options);
}
