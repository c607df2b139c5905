import { parseNormalizedNamed } from '@stowage/types';
import type { AuthConfig } from '@stowage/types';
import { Option } from 'commander';
import type { Environment } from './environment.ts';
import { untilAborted } from './until-aborted.ts';
import { UsageError } from './usage-error.ts';

/** How credentials are given. */
export interface CredentialFlags {
  readonly username?: string | undefined;
  readonly passwordStdin?: boolean | undefined;
}

/** A password is no longer than this, in characters; tokens are passwords too. */
const MAX_PASSWORD = 64 * 1024;

/** `--username` and `--password-stdin` */
export function credentialOptions(): readonly Option[] {
  return [
    new Option('-u, --username <name>', 'user of the registry (env: STOWAGE_USERNAME, STOWAGE_PASSWORD)'),
    new Option('--password-stdin', 'read the password from standard input'),
  ];
}

/**
 * The credentials for the registry of a reference, and for no other: from the flags, else from the environment.
 * `undefined` where there are none.
 *
 * @throws `UsageError` where one half is missing
 */
export async function readCredentials(
  reference: string,
  flags: CredentialFlags,
  { env, stdin, signal }: Pick<Environment, 'env' | 'stdin' | 'signal'>,
): Promise<AuthConfig | undefined> {
  const username = flags.username ?? env['STOWAGE_USERNAME'] ?? '';
  const password =
    flags.passwordStdin === true ? await readPassword({ stdin, signal }) : (env['STOWAGE_PASSWORD'] ?? '');
  if (username === '' && password === '') return undefined;
  if (username === '') throw new UsageError('a password needs a user: --username or STOWAGE_USERNAME');
  if (password === '') throw new UsageError('a user needs a password: --password-stdin or STOWAGE_PASSWORD');
  const { domain = '' } = parseNormalizedNamed(reference);
  return { username, password, serverAddress: domain };
}

/** The password on standard input: all of it, without the end of line that `echo` puts there. */
export async function readPassword({
  stdin,
  signal,
}: Pick<Environment, 'stdin' | 'signal'>): Promise<string> {
  const text = await untilAborted(readAll(stdin), signal);
  return text.replace(/\r?\n$/, '');
}

async function readAll(stdin: Environment['stdin']): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stdin) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > MAX_PASSWORD) throw new UsageError('the password is too long');
  }
  return text;
}
