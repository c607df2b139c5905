import type { Command } from 'commander';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';

interface RmFlags extends StoreFlags {
  readonly force?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `stowage rm REF` */
export function addRmCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('rm <ref>')
    .description('take a name from an image; with its last name, remove the image');
  command.option('-f, --force', 'remove an image named by its ID although several repositories name it');
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((ref: string, flags: RmFlags) => rm(ref, flags, context));
}

async function rm(ref: string, flags: RmFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  const { force, json, quiet } = flags;
  const result = await withStowage(flags, context, (stowage) => stowage.remove(ref, { force, signal }));
  const { untagged, deleted } = result;
  if (json === true) await output.json(result);
  else if (quiet === true) await output.lines([...untagged, ...deleted]);
  else
    await output.lines([
      ...untagged.map((name) => `Untagged: ${name}`),
      ...deleted.map((id) => `Deleted: ${id}`),
    ]);
}
