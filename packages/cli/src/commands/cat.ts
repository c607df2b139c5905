import { iterate } from '@stowage/core';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { addViewOptions, withView } from '../with-view.ts';
import type { ViewFlags } from '../with-view.ts';

/** `stowage cat REF PATH` */
export function addCatCommand(program: Command, context: CommandContext): void {
  const command = program.command('cat <ref> <path>').description('print a file of an image');
  addViewOptions(command);
  command.action((ref: string, path: string, flags: ViewFlags) => cat(ref, path, flags, context));
}

async function cat(ref: string, path: string, flags: ViewFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  await withView(ref, flags, context, async (view) => {
    const content = await view.readFile(path, { signal });
    for await (const bytes of iterate(content, { signal })) await output.write(bytes);
  });
}
