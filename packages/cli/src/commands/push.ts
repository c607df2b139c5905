import { familiarString, parseNormalizedNamed } from '@stowage/types';
import type { ProgressOutput } from '@stowage/types';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { PushCompression } from 'stowage';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';
import { createProgressDisplay } from '../progress-display.ts';
import type { ProgressFlags } from '../progress-display.ts';
import { registryFlags, registryOptions } from '../registry-options.ts';
import type { RegistryFlags } from '../registry-options.ts';

interface PushFlags extends StoreFlags, RegistryFlags, ProgressFlags {
  readonly allTags?: boolean;
  readonly allPlatforms?: boolean;
  readonly compression?: PushCompression;
}

/** `stowage push REF` */
export function addPushCommand(program: Command, context: CommandContext): void {
  const command = program.command('push <ref>').description('send an image to its registry');
  command.option('-a, --all-tags', 'push every tag of the repository');
  command.option('--all-platforms', 'push the whole index that the image came from');
  command.addOption(
    new Option('--compression <format>', 'how layers are compressed; default: as they came')
      .choices(['gzip', 'zstd'])
      .conflicts('allPlatforms'),
  );
  for (const option of registryFlags()) command.addOption(option);
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((ref: string, flags: PushFlags) => push(ref, flags, context));
}

async function push(ref: string, flags: PushFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal, stdout } = environment;
  const { allTags, allPlatforms, compression } = flags;
  const options = await registryOptions(ref, flags, environment);
  const display = createProgressDisplay(stdout, flags);
  const onProgress: ProgressOutput = (progress) => {
    display.update(progress);
  };
  const work = { allTags, allPlatforms, compression, onProgress, signal };
  const result = await withStowage(flags, context, (stowage) => stowage.push(ref, work), options).finally(
    () => {
      display.finish();
    },
  );
  if (flags.json === true) await output.json(result);
  else await output.line(familiarString(parseNormalizedNamed(result.reference)));
}
