import type { Command } from 'commander';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, storeOption } from '../options.ts';
import { safeJson } from '../printable.ts';

interface InspectFlags extends StoreFlags {
  readonly json?: boolean;
}

/** `stowage inspect REF` */
export function addInspectCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('inspect <ref>')
    .description('print all that is known of an image, as JSON');
  command.addOption(jsonOption()).addOption(storeOption());
  command.action((ref: string, flags: InspectFlags) => inspect(ref, flags, context));
}

async function inspect(ref: string, flags: InspectFlags, context: CommandContext): Promise<void> {
  const { signal } = context.environment;
  const image = await withStowage(flags, context, (stowage) => stowage.inspect(ref, { signal }));
  // Both are JSON; the one for programs is a single line.
  await context.output.line(safeJson(image, flags.json === true ? undefined : 2));
}
