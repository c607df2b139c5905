import { StowageError } from '@stowage/types';
import type { Command } from 'commander';
import type { CheckReport } from 'stowage';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';

interface CheckFlags extends StoreFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly repair?: boolean;
}

/** `stowage check` */
export function addCheckCommand(program: Command, context: CommandContext): void {
  const command = program.command('check').description('read and verify everything in the store');
  command.option('--repair', 'take out what cannot be trusted');
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((flags: CheckFlags) => check(flags, context));
}

async function check(flags: CheckFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  const { repair, json, quiet } = flags;
  const report = await withStowage(flags, context, (stowage) => stowage.check({ repair, signal }));
  if (json === true) await output.json(report);
  else {
    await output.lines(
      report.problems.map(({ kind, subject, fault, dropped }) =>
        quiet === true ? subject : `${kind} ${subject}: ${fault}${dropped ? ' (taken out)' : ''}`,
      ),
    );
    if (quiet !== true) await output.line(summaryOf(report));
  }
  const left = report.problems.filter(({ dropped }) => !dropped).length;
  if (left > 0)
    throw new StowageError('DATA_LOSS', `the store has ${String(left)} ${left === 1 ? 'fault' : 'faults'}`);
}

function summaryOf({ checked }: CheckReport): string {
  const { blob, layer, image, reference } = checked;
  return (
    `Checked: ${String(blob)} blobs, ${String(layer)} layers, ${String(image)} images, ` +
    `${String(reference)} references`
  );
}
