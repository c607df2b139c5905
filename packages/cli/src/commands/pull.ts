import { familiarString, parseNormalizedNamed } from '@stowage/types';
import type { ProgressOutput } from '@stowage/types';
import type { Command } from 'commander';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, platformOption, quietOption, storeOption } from '../options.ts';
import { createProgressDisplay } from '../progress-display.ts';
import type { ProgressFlags } from '../progress-display.ts';
import { registryFlags, registryOptions } from '../registry-options.ts';
import type { RegistryFlags } from '../registry-options.ts';

interface PullFlags extends StoreFlags, RegistryFlags, ProgressFlags {
  readonly platform?: string;
  readonly allTags?: boolean;
}

/** `stowage pull REF` */
export function addPullCommand(program: Command, context: CommandContext): void {
  const command = program.command('pull <ref>').description('download an image from its registry');
  command.addOption(platformOption());
  command.option('-a, --all-tags', 'pull every tag of the repository');
  for (const option of registryFlags()) command.addOption(option);
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((ref: string, flags: PullFlags) => pull(ref, flags, context));
}

async function pull(ref: string, flags: PullFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal, stdout } = environment;
  const { platform, allTags } = flags;
  const options = await registryOptions(ref, flags, environment);
  const display = createProgressDisplay(stdout, flags);
  const onProgress: ProgressOutput = (progress) => {
    display.update(progress);
  };
  const result = await withStowage(
    flags,
    context,
    (stowage) => stowage.pull(ref, { platform, allTags, onProgress, signal }),
    options,
  ).finally(() => {
    display.finish();
  });
  if (flags.json === true) await output.json(result);
  else await output.line(familiarString(parseNormalizedNamed(result.reference)));
}
