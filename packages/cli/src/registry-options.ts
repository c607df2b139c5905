import { environmentCredentials, firstCredentials, staticCredentials } from '@stowage/registry';
import { dockerCertsDir, openDockerConfig } from '@stowage/registry/node';
import type { DockerConfig } from '@stowage/registry/node';
import type { CredentialProvider } from '@stowage/types';
import { Option } from 'commander';
import type { StowageOptions } from 'stowage';
import { credentialOptions, readCredentials } from './credentials.ts';
import type { CredentialFlags } from './credentials.ts';
import type { Environment } from './environment.ts';
import { warningLine } from './error-line.ts';

/** How a registry is reached. */
export interface RegistryFlags extends CredentialFlags {
  /** Whether the user's docker configuration is used. Default `true`. */
  readonly dockerConfig?: boolean | undefined;
}

/** The options of commands that speak to registries. */
export function registryFlags(): readonly Option[] {
  return [
    ...credentialOptions(),
    new Option('--no-docker-config', 'leave the credentials of docker and podman alone'),
  ];
}

/**
 * How to reach the registry of a reference: with the credentials from the flags, else from the environment, else from
 * the configuration of docker or podman, whose headers and certificates are used too.
 *
 * @throws `UsageError` where one half of the credentials is missing
 */
export async function registryOptions(
  reference: string,
  flags: RegistryFlags,
  environment: Environment,
): Promise<StowageOptions> {
  const given = await readCredentials(reference, flags, environment);
  const own: CredentialProvider[] =
    given === undefined ? [] : [staticCredentials({ [given.serverAddress ?? '']: given })];
  const fromVariables = environmentCredentials(environment.env);
  const onNotice = noticeTo(environment);
  if (flags.dockerConfig === false) return { auth: firstCredentials(...own, fromVariables), onNotice };
  const docker = dockerConfig(environment);
  return {
    auth: firstCredentials(...own, fromVariables, docker.credentials),
    onNotice,
    ...(await dockerOptions(docker, environment)),
  };
}

/** Tells on standard error what registries have to say beside answers, but for how they count requests. */
function noticeTo({ stderr }: Environment): NonNullable<StowageOptions['onNotice']> {
  return (notice) => {
    if (notice.kind === 'rate-limit') return;
    const { kind, host, message } = notice;
    stderr.write(warningLine(kind === 'warning' ? `${host}: ${message}` : message));
  };
}

/** The user's docker configuration. What is wrong with its helpers is told on standard error. */
export function dockerConfig({ env, home, stderr }: Environment): DockerConfig {
  const onWarning = (message: string): void => {
    stderr.write(warningLine(message));
  };
  return openDockerConfig({ env, home, onWarning });
}

/** What the docker configuration has for requests beside credentials. */
export async function dockerOptions(
  docker: DockerConfig,
  { env, home, signal }: Environment,
): Promise<Pick<StowageOptions, 'metaHeaders' | 'certsDir'>> {
  return { metaHeaders: await docker.metaHeaders({ signal }), certsDir: dockerCertsDir({ env, home }) };
}
