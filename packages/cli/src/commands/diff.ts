import type { Command } from 'commander';
import type { Stowage } from 'stowage';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';
import { printable, safeJson } from '../printable.ts';

interface DiffFlags extends StoreFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly times?: boolean;
}

type ViewDifference = Awaited<ReturnType<Stowage['diff']>>[number];

/** As `docker diff` writes them. */
const LETTERS = { added: 'A', removed: 'D', changed: 'C' } as const;

/** `stowage diff REF REF` */
export function addDiffCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('diff <ref> <other>')
    .description('list the files in which two images differ');
  command.option('--times', 'times count too');
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((ref: string, other: string, flags: DiffFlags) => diff(ref, other, flags, context));
}

async function diff(ref: string, other: string, flags: DiffFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  const { times } = flags;
  const differences = await withStowage(flags, context, (stowage) =>
    stowage.diff(ref, other, { times, signal }),
  );
  await output.lines(differences.map((difference) => lineOf(difference, flags)));
}

function lineOf({ kind, path, changes, before, after }: ViewDifference, { json, quiet }: DiffFlags): string {
  if (json === true) {
    const type = (after ?? before)?.type;
    return safeJson({ path, kind, type, changes, sizes: { before: before?.size, after: after?.size } });
  }
  if (quiet === true) return printable(path);
  return `${LETTERS[kind]} ${printable(path)}${changes.length === 0 ? '' : ` (${changes.join(', ')})`}`;
}
