import process from 'node:process';
import { systemClock } from '@stowage/core';
import { isStowageError, StowageError } from '@stowage/types';
import type { AbortOptions, AuthConfig, Clock, CredentialOptions, CredentialProvider } from '@stowage/types';
import {
  canonicalHost,
  dockerKey,
  findDockerAuth,
  helperOf,
  parseAuthKey,
  parseDockerConfig,
} from './docker-config.ts';
import type { DockerConfigDocument, DockerProxy } from './docker-config.ts';
import { changeConfigFile, membersOf, readConfigFile } from './node-config-file.ts';
import type { JsonMembers } from './node-config-file.ts';
import { credentialFiles, dockerConfigFile } from './node-config-paths.ts';
import type { ConfigPathsInit } from './node-config-paths.ts';
import { CredentialHelper } from './node-credential-helper.ts';
import { isRegistryHost } from '../address/registry-host.ts';

/** How the user's docker configuration is used. */
export interface DockerConfigOptions extends ConfigPathsInit {
  /** The file. Default: those of docker and podman, see {@link openDockerConfig}. */
  readonly path?: string | undefined;
  /** Told when a credential helper is missing or fails and its registry is therefore asked as nobody. Default: nobody. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Whether a helper that is missing or fails is an error instead. Default `false`. */
  readonly strictHelpers?: boolean | undefined;
  /** How long a helper may take, milliseconds; it may have to ask the user. Default 60,000. */
  readonly helperTimeout?: number | undefined;
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined;
}

/** Where credentials were put. */
export interface StoredCredentials {
  /** The file that was written. */
  readonly path: string;
  /** The program that keeps the secret; absent where it is in the file itself, unencrypted. */
  readonly helper?: string;
}

/** The user's docker configuration. It is read anew each time: `docker login` may have changed it. */
export interface DockerConfig {
  /** The file that logins go into. */
  readonly path: string;
  /** Finds credentials: with the helper that is configured for a registry, else in the files. */
  readonly credentials: CredentialProvider;
  /** The `HttpHeaders` that docker passes on to registries: those that begin with `X-Meta-`. */
  metaHeaders(options?: AbortOptions): Promise<Readonly<Record<string, string>>>;
  /** `proxies`, by daemon; `default` for all others. */
  proxies(options?: AbortOptions): Promise<Readonly<Record<string, DockerProxy>>>;
  /**
   * Keeps credentials, with the helper that is configured for the registry, else in the file.
   *
   * @param host the registry's host, with its port where it has one; `docker.io` for Docker Hub
   */
  store(host: string, auth: AuthConfig, options?: AbortOptions): Promise<StoredCredentials>;
  /** Forgets the credentials of a registry. Answers whether there were any. */
  erase(host: string, options?: AbortOptions): Promise<boolean>;
}

const HELPER_TIMEOUT = 60_000;
const META_PREFIX = /^X-Meta-/i;

/**
 * Opens the user's docker configuration. Without `path` these are the files that `REGISTRY_AUTH_FILE` and
 * `DOCKER_CONFIG` name, else `~/.docker/config.json` and podman's `auth.json`; the first with credentials for a registry
 * counts. Nothing is read yet.
 *
 * Hosts are compared whole. A helper that is missing or fails leaves its registry without credentials, and is never made
 * up for by those of another.
 *
 * @param options where the files are, and what to do about helpers
 * @throws (by the methods) `INVALID_ARGUMENT`, `STORAGE` or `LIMIT_EXCEEDED`, with the file's path, for one that is
 *   malformed, unreadable or longer than 4 MiB
 *
 * @example
 * ```ts
 * import { openDockerConfig } from '@stowage/registry/node';
 *
 * const config = openDockerConfig({ path: '/nowhere/config.json' });
 * console.log(await config.credentials('quay.io')); // undefined
 * ```
 */
export function openDockerConfig(options: DockerConfigOptions = {}): DockerConfig {
  return new OpenedDockerConfig(options);
}

/**
 * Finds credentials in the user's docker configuration: {@link openDockerConfig}, for reading alone.
 *
 * @param options the path of a `config.json` or `auth.json`, or more
 *
 * @example
 * ```ts
 * import { fromDockerConfig } from '@stowage/registry/node';
 *
 * const credentials = fromDockerConfig('/nowhere/config.json');
 * console.log(await credentials('quay.io')); // undefined
 * ```
 */
export function fromDockerConfig(options: string | DockerConfigOptions = {}): CredentialProvider {
  return openDockerConfig(typeof options === 'string' ? { path: options } : options).credentials;
}

class OpenedDockerConfig implements DockerConfig {
  readonly #options: DockerConfigOptions;
  readonly #paths: readonly [string, ...string[]];
  readonly #clock: Clock;
  readonly #warned = new Set<string>();

  constructor(options: DockerConfigOptions) {
    this.#options = options;
    this.#paths = options.path === undefined ? credentialFiles(options) : [options.path];
    this.#clock = options.clock ?? systemClock;
  }

  get path(): string {
    return this.#paths[0];
  }

  readonly credentials: CredentialProvider = async (host, options = {}) => {
    for (const path of this.#paths) {
      const document = await read(path, options);
      if (document === undefined) continue;
      const found = await this.#find(document, host, options);
      if (found === 'none') return undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  };

  async metaHeaders(options?: AbortOptions): Promise<Readonly<Record<string, string>>> {
    const { httpHeaders = {} } = (await this.#docker(options)) ?? {};
    return Object.fromEntries(Object.entries(httpHeaders).filter(([name]) => META_PREFIX.test(name)));
  }

  async proxies(options?: AbortOptions): Promise<Readonly<Record<string, DockerProxy>>> {
    return (await this.#docker(options))?.proxies ?? {};
  }

  async store(host: string, auth: AuthConfig, options: AbortOptions = {}): Promise<StoredCredentials> {
    checkHost(host);
    const { path } = this;
    const document = await read(path, options);
    const name = document === undefined ? undefined : helperOf(document, host);
    const helper = name === undefined ? undefined : this.#helper(name);
    await helper?.store(host, auth, options);
    const entry = helper === undefined ? entryOf(auth) : {};
    await this.#changeAuths((auths) => {
      forget(auths, host);
      auths.set(dockerKey(host), entry);
      return true;
    }, options);
    return { path, ...(helper === undefined ? {} : { helper: helper.program }) };
  }

  async erase(host: string, options: AbortOptions = {}): Promise<boolean> {
    checkHost(host);
    const document = await read(this.path, options);
    if (document === undefined) return false;
    const name = helperOf(document, host);
    const helper = name === undefined ? undefined : this.#helper(name);
    const kept = (await helper?.get(host, options)) !== undefined;
    if (kept) await helper?.erase(host, options);
    const hasEntry = Object.keys(document.auths).some((key) => isKeyOf(key, host));
    if (hasEntry) await this.#changeAuths((auths) => forget(auths, host), options);
    return kept || hasEntry;
  }

  /** `none` where a helper should have known and does not: then nobody else is asked. */
  async #find(
    document: DockerConfigDocument,
    host: string,
    options: CredentialOptions,
  ): Promise<AuthConfig | 'none' | undefined> {
    const name = helperOf(document, host);
    if (name !== undefined) {
      try {
        const found = await this.#helper(name).get(host, options);
        if (found !== undefined) return found;
      } catch (error) {
        options.signal?.throwIfAborted();
        if (this.#options.strictHelpers === true || !isStowageError(error)) throw error;
        this.#warn(`${error.message}: no credentials for ${host}`);
        return 'none';
      }
    }
    return findDockerAuth(document, host, options.repository);
  }

  #docker(options: AbortOptions = {}): Promise<DockerConfigDocument | undefined> {
    return read(this.#options.path ?? dockerConfigFile(this.#options), options);
  }

  #helper(name: string): CredentialHelper {
    const { env = process.env, helperTimeout: timeout = HELPER_TIMEOUT } = this.#options;
    return new CredentialHelper({ name, env, timeout, clock: this.#clock });
  }

  async #changeAuths(change: (auths: JsonMembers) => boolean, options: AbortOptions): Promise<void> {
    await changeConfigFile(
      this.path,
      (members) => {
        const auths = membersOf(members, 'auths', this.path);
        if (!change(auths)) return false;
        members.set('auths', auths);
        return true;
      },
      { ...options, clock: this.#clock },
    );
  }

  #warn(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#options.onWarning?.(message);
  }
}

async function read(path: string, options: AbortOptions): Promise<DockerConfigDocument | undefined> {
  const bytes = await readConfigFile(path, options);
  return bytes === undefined || bytes.length === 0 ? undefined : parseDockerConfig(bytes, path);
}

/** An account as docker writes it. */
function entryOf(config: AuthConfig): Record<string, string> {
  const { username = '', password = '', identityToken = '', registryToken = '' } = config;
  const secret = identityToken === '' ? password : '';
  const auth =
    username === '' && secret === '' ? '' : Buffer.from(`${username}:${secret}`).toString('base64');
  return {
    ...(auth === '' ? {} : { auth }),
    ...(identityToken === '' ? {} : { identitytoken: identityToken }),
    ...(registryToken === '' ? {} : { registrytoken: registryToken }),
  };
}

/** Takes out every entry that is for the whole of a registry, however its key is spelled. */
function forget(auths: JsonMembers, host: string): boolean {
  const keys = [...auths.keys()].filter((key) => isKeyOf(key, host));
  for (const key of keys) auths.delete(key);
  return keys.length > 0;
}

function isKeyOf(key: string, host: string): boolean {
  const { host: own, path } = parseAuthKey(key);
  return own === canonicalHost(host) && path === '';
}

/** A host becomes a key of a file and the input of a program. */
function checkHost(host: string): void {
  if (isRegistryHost(host)) return;
  throw new StowageError('INVALID_ARGUMENT', `invalid registry host: ${host}`);
}
