import type { Command } from 'commander';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';
import { printable } from '../printable.ts';
import { registryFlags, registryOptions } from '../registry-options.ts';
import type { RegistryFlags } from '../registry-options.ts';

interface TagsFlags extends StoreFlags, RegistryFlags {
  readonly json?: boolean;
}

/** `stowage tags NAME` */
export function addTagsCommand(program: Command, context: CommandContext): void {
  const command = program.command('tags <name>').description('list the tags of a repository in its registry');
  for (const option of registryFlags()) command.addOption(option);
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((name: string, flags: TagsFlags) => tags(name, flags, context));
}

async function tags(name: string, flags: TagsFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  const options = await registryOptions(name, flags, environment);
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
    options,
  );
}
