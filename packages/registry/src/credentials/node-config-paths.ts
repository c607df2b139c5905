import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import process from 'node:process';

/** What decides where configurations are. */
export interface ConfigPathsInit {
  /** Environment variables. Default: the process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The user's home directory. Default: the system's answer. */
  readonly home?: string | undefined;
}

/**
 * The files that credentials are kept in, in the order to look at them; a login goes into the first. What
 * `REGISTRY_AUTH_FILE` (podman's file) and `DOCKER_CONFIG` (docker's directory) name; where neither is set, docker's
 * `~/.docker/config.json`, then podman's `auth.json` in `XDG_RUNTIME_DIR` and in `XDG_CONFIG_HOME`.
 */
export function credentialFiles(init: ConfigPathsInit = {}): readonly [string, ...string[]] {
  const { env = process.env, home = homedir() } = init;
  const podman = env['REGISTRY_AUTH_FILE'] ?? '';
  const named = [...(podman === '' ? [] : [podman]), ...dockerDirectory(env).map(configIn)];
  const [first, ...others] = named;
  if (first !== undefined) return [first, ...others];
  const xdg = [env['XDG_RUNTIME_DIR'] ?? '', configHome(env, home)].filter(isAbsolute);
  return [
    configIn(join(home, '.docker')),
    ...xdg.map((directory) => join(directory, 'containers', 'auth.json')),
  ];
}

/** docker's own configuration: in `DOCKER_CONFIG`, else in `~/.docker`. */
export function dockerConfigFile(init: ConfigPathsInit = {}): string {
  const { env = process.env, home = homedir() } = init;
  return configIn(dockerDirectory(env)[0] ?? join(home, '.docker'));
}

/**
 * Where docker keeps certificates by host: the user's own `docker/certs.d` in `XDG_CONFIG_HOME` or `~/.config` where
 * there is one, else `/etc/docker/certs.d`.
 *
 * @param init environment variables and home directory
 *
 * @example
 * ```ts
 * import { dockerCertsDir } from '@stowage/registry/node';
 *
 * console.log(dockerCertsDir({ env: {}, home: '/home/nobody' })); // /etc/docker/certs.d
 * ```
 */
export function dockerCertsDir(init: ConfigPathsInit = {}): string {
  const { env = process.env, home = homedir() } = init;
  const own = join(configHome(env, home), 'docker', 'certs.d');
  return existsSync(own) ? own : join('/etc', 'docker', 'certs.d');
}

function configHome(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const named = env['XDG_CONFIG_HOME'] ?? '';
  return isAbsolute(named) ? named : join(home, '.config');
}

function dockerDirectory(env: Readonly<Record<string, string | undefined>>): string[] {
  const named = env['DOCKER_CONFIG'] ?? '';
  return named === '' ? [] : [named];
}

function configIn(directory: string): string {
  return join(directory, 'config.json');
}
