import { familiarString, parseNormalizedNamed } from '@stowage/types';
import type { Command } from 'commander';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, platformOption, quietOption, storeOption } from '../options.ts';
import { withProgress } from '../progress-display.ts';
import type { ProgressFlags } from '../progress-display.ts';
import { registryFlags, registryOptions } from '../registry-options.ts';
import type { RegistryFlags } from '../registry-options.ts';

interface PushFlags extends StoreFlags, RegistryFlags, ProgressFlags {
  readonly platform?: string;
}

/** `stowage seek-index push REF` */
export function addSeekIndexCommand(program: Command, context: CommandContext): void {
  const group = program
    .command('seek-index')
    .description('what images are looked into with, without downloading their layers');
  const push = group
    .command('push <ref>')
    .description('push the seek indexes of an image in a registry beside it');
  push.addOption(platformOption());
  for (const option of registryFlags()) push.addOption(option);
  push.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  push.action((ref: string, flags: PushFlags) => pushIndexes(ref, flags, context));
}

async function pushIndexes(ref: string, flags: PushFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal, stdout } = environment;
  const { platform } = flags;
  const options = await registryOptions(ref, flags, environment);
  const result = await withStowage(
    flags,
    context,
    (stowage) =>
      withProgress(stdout, flags, (onProgress) =>
        stowage.pushSeekIndexes(ref, { platform, onProgress, signal }),
      ),
    options,
  );
  if (flags.json === true) await output.json(result);
  else if (flags.quiet === true) await output.line(result.digest);
  else await output.line(familiarString(parseNormalizedNamed(result.reference)));
}
