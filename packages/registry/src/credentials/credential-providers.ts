import { resolveAuthConfig } from '@stowage/types';
import type { AuthConfig, CredentialProvider } from '@stowage/types';
import { findDockerAuth, parseDockerConfig } from './docker-config.ts';
import type { DockerConfigDocument } from './docker-config.ts';

/** The environment variables that may hold a docker configuration, the first that is set counts. */
const VARIABLES: readonly string[] = ['STOWAGE_AUTH', 'DOCKER_AUTH_CONFIG'];

/**
 * Credentials for nobody: the default, by a name.
 *
 * @example
 * ```ts
 * import { anonymousCredentials } from '@stowage/registry';
 *
 * console.log(await anonymousCredentials('quay.io')); // undefined
 * ```
 */
export const anonymousCredentials: CredentialProvider = async (_host, { signal } = {}) => {
  signal?.throwIfAborted();
  return await Promise.resolve<AuthConfig | undefined>(undefined);
};

/**
 * Credentials from a table, by the rules of `resolveAuthConfig`; Docker Hub goes by `docker.io` too. Each goes to its own
 * registry and to no other.
 *
 * @param all credentials by the registry's host, with its port where it has one
 *
 * @example
 * ```ts
 * import { staticCredentials } from '@stowage/registry';
 *
 * const credentials = staticCredentials({ 'quay.io': { username: 'alice', password: 'secret' } });
 * console.log((await credentials('quay.io'))?.username); // alice
 * console.log(await credentials('quay.io.example')); // undefined
 * ```
 */
export function staticCredentials(all: Readonly<Record<string, AuthConfig>>): CredentialProvider {
  return async (host, { signal } = {}) => {
    signal?.throwIfAborted();
    const own = Object.hasOwn(all, host) ? all[host] : undefined;
    const found = own ?? resolveAuthConfig(all, host);
    const credentials = Object.keys(found).length === 0 ? undefined : { ...found, serverAddress: host };
    return await Promise.resolve(credentials);
  };
}

/**
 * Credentials from an environment variable that holds a docker configuration as JSON, as build systems set it:
 * `STOWAGE_AUTH`, else `DOCKER_AUTH_CONFIG`. Only its `auths` count; keys may go on with the beginning of a repository's
 * name.
 *
 * @param env environment variables
 * @throws (when asked) `INVALID_ARGUMENT` for a malformed value
 *
 * @example
 * ```ts
 * import { environmentCredentials } from '@stowage/registry';
 *
 * const env = { STOWAGE_AUTH: '{"auths":{"quay.io":{"username":"alice","password":"secret"}}}' };
 * console.log((await environmentCredentials(env)('quay.io'))?.username); // alice
 * ```
 */
export function environmentCredentials(
  env: Readonly<Record<string, string | undefined>>,
): CredentialProvider {
  const name = VARIABLES.find((variable) => (env[variable] ?? '') !== '');
  let document: DockerConfigDocument | undefined;
  return async (host, { signal, repository } = {}) => {
    signal?.throwIfAborted();
    if (name === undefined) return undefined;
    document ??= parseDockerConfig(env[name] ?? '', name);
    return await Promise.resolve(findDockerAuth(document, host, repository));
  };
}

/**
 * The credentials of the first provider that has some.
 *
 * @param providers in the order to ask them
 *
 * @example
 * ```ts
 * import { environmentCredentials, firstCredentials, staticCredentials } from '@stowage/registry';
 *
 * const credentials = firstCredentials(environmentCredentials({}), staticCredentials({ 'quay.io': { username: 'alice' } }));
 * console.log((await credentials('quay.io'))?.username); // alice
 * ```
 */
export function firstCredentials(...providers: readonly CredentialProvider[]): CredentialProvider {
  return async (host, options) => {
    for (const provider of providers) {
      const found = await provider(host, options);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
