import { iterate } from '@stowage/core';
import type { Command } from 'commander';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { storeOption } from '../options.ts';

/** `stowage cat REF PATH` */
export function addCatCommand(program: Command, context: CommandContext): void {
  const command = program.command('cat <ref> <path>').description('print a file of an image');
  command.addOption(storeOption());
  command.action((ref: string, path: string, flags: StoreFlags) => cat(ref, path, flags, context));
}

async function cat(ref: string, path: string, flags: StoreFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  await withStowage(flags, context, async (stowage) => {
    const view = await stowage.view(ref, { signal });
    try {
      const content = await view.readFile(path, { signal });
      for await (const bytes of iterate(content, { signal })) await output.write(bytes);
    } finally {
      await view.close();
    }
  });
}
