import { createRegistryService } from '@stowage/registry';
import type { DockerConfig } from '@stowage/registry/node';
import type { AuthConfig } from '@stowage/types';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { credentialOptions, readPassword } from '../credentials.ts';
import type { CredentialFlags } from '../credentials.ts';
import type { Environment } from '../environment.ts';
import { printable } from '../printable.ts';
import { registryAddress } from '../registry-address.ts';
import { dockerConfig, dockerOptions } from '../registry-options.ts';
import { UsageError } from '../usage-error.ts';

interface LoginFlags extends CredentialFlags {
  readonly password?: string | undefined;
}

/** `stowage login [HOST]` */
export function addLoginCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('login [host]')
    .description('log in to a registry, and keep the credentials as docker does');
  for (const option of credentialOptions()) command.addOption(option);
  command.addOption(
    new Option('-p, --password <password>', 'the password; others on this machine can see it'),
  );
  command.action((host: string | undefined, flags: LoginFlags) => login(host, flags, context));
}

async function login(
  text: string | undefined,
  flags: LoginFlags,
  { environment, output }: CommandContext,
): Promise<void> {
  const { stderr, signal } = environment;
  const { host } = registryAddress(text);
  const docker = dockerConfig(environment);
  const given = await readLogin(flags, environment);
  const auth = given ?? (await storedLogin(host, docker, environment));
  if (given === undefined) await output.line('Authenticating with existing credentials...');
  const service = createRegistryService(await dockerOptions(docker, environment));
  const { status, identityToken } = await service.auth({ ...auth, serverAddress: host }, { signal });
  const { username = '', password = '', registryToken } = auth;
  const secret: AuthConfig = identityToken === undefined ? { password } : { identityToken };
  const kept: AuthConfig = { username, ...secret, ...(registryToken === undefined ? {} : { registryToken }) };
  const { path, helper } = await docker.store(host, kept, { signal });
  if (helper === undefined) {
    stderr.write(`WARNING! Your password will be stored unencrypted in ${printable(path)}.\n`);
    stderr.write('Configure a credential helper to remove this warning.\n');
  }
  await output.line(status);
}

/** The credentials from flags and variables, in docker's words where half of them is missing. */
async function readLogin(flags: LoginFlags, environment: Environment): Promise<AuthConfig | undefined> {
  const { env, stderr } = environment;
  const username = flags.username ?? env['STOWAGE_USERNAME'] ?? '';
  const fromStdin = flags.passwordStdin === true;
  if (flags.password !== undefined && fromStdin) {
    throw new UsageError('--password and --password-stdin are mutually exclusive');
  }
  if (fromStdin && username === '') throw new UsageError('Must provide --username with --password-stdin');
  if (flags.password !== undefined) {
    stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
  }
  const password = fromStdin
    ? await readPassword(environment)
    : (flags.password ?? env['STOWAGE_PASSWORD'] ?? '');
  if (username === '' && password === '') return undefined;
  if (username === '') throw new UsageError('Must provide --username with a password');
  if (password === '') throw new UsageError('a user needs a password: --password-stdin or STOWAGE_PASSWORD');
  return { username, password };
}

async function storedLogin(host: string, docker: DockerConfig, { signal }: Environment): Promise<AuthConfig> {
  const stored = await docker.credentials(host, { signal });
  if (stored !== undefined) return stored;
  throw new UsageError('Cannot perform an interactive login: give --username and --password-stdin');
}
