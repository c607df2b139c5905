import { formatBytes } from '@stowage/types';
import type { Command } from 'commander';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';

interface GcFlags extends StoreFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `stowage gc` */
export function addGcCommand(program: Command, context: CommandContext): void {
  const command = program.command('gc').description('remove what no name leads to');
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((flags: GcFlags) => gc(flags, context));
}

async function gc(flags: GcFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  const report = await withStowage(flags, context, (stowage) => stowage.gc({ signal }));
  const { images, layers, blobs, ingests, bytes } = report;
  if (flags.json === true) await output.json(report);
  else if (flags.quiet === true) await output.line(String(bytes));
  else {
    const removed = `${String(images)} images, ${String(layers)} layers, ${String(blobs)} blobs`;
    await output.line(`Removed: ${removed}, ${String(ingests)} unfinished downloads`);
    await output.line(`Total reclaimed space: ${formatBytes(bytes)}`);
  }
}
