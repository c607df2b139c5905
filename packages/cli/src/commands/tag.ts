import type { Command } from 'commander';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { storeOption } from '../options.ts';

/** `stowage tag SOURCE TARGET` */
export function addTagCommand(program: Command, context: CommandContext): void {
  const command = program.command('tag <source> <target>').description('give an image another name');
  command.addOption(storeOption());
  command.action(async (source: string, target: string, flags: StoreFlags) => {
    const { signal } = context.environment;
    await withStowage(flags, context, (stowage) => stowage.tag(source, target, { signal }));
  });
}
