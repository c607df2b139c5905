import type { Command } from 'commander';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { credentialOptions, readCredentials } from '../credentials.ts';
import type { CredentialFlags } from '../credentials.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';
import { printable } from '../printable.ts';

interface TagsFlags extends StoreFlags, CredentialFlags {
  readonly json?: boolean;
}

/** `stowage tags NAME` */
export function addTagsCommand(program: Command, context: CommandContext): void {
  const command = program.command('tags <name>').description('list the tags of a repository in its registry');
  for (const option of credentialOptions()) command.addOption(option);
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((name: string, flags: TagsFlags) => tags(name, flags, context));
}

async function tags(name: string, flags: TagsFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  const auth = await readCredentials(name, flags, environment);
  await withStowage(
    flags,
    context,
    async (stowage) => {
      const all: string[] = [];
      for await (const tag of stowage.tags(name, { signal })) {
        if (flags.json === true) all.push(tag);
        else await output.line(printable(tag));
      }
      if (flags.json === true) await output.json(all);
    },
    { auth },
  );
}
