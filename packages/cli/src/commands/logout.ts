import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { printable } from '../printable.ts';
import { registryAddress } from '../registry-address.ts';
import { dockerConfig } from '../registry-options.ts';

/** `stowage logout [HOST]` */
export function addLogoutCommand(program: Command, context: CommandContext): void {
  program
    .command('logout [host]')
    .description('forget the credentials for a registry')
    .action((host: string | undefined) => logout(host, context));
}

async function logout(text: string | undefined, { environment, output }: CommandContext): Promise<void> {
  const { host, shown } = registryAddress(text);
  const erased = await dockerConfig(environment).erase(host, { signal: environment.signal });
  const words = erased ? 'Removing login credentials for' : 'Not logged in to';
  await output.line(`${words} ${printable(shown)}`);
}
