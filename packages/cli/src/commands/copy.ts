import { familiarString, formatBytes, parseNormalizedNamed } from '@stowage/types';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { CopyResult } from 'stowage';
import { withRegistries } from '../command-context.ts';
import type { CommandContext } from '../command-context.ts';
import { jsonOption, platformOption, quietOption } from '../options.ts';
import { withProgress } from '../progress-display.ts';
import type { ProgressFlags } from '../progress-display.ts';
import { registryFlags, registryOptions } from '../registry-options.ts';
import type { RegistryFlags } from '../registry-options.ts';

interface CopyFlags extends RegistryFlags, ProgressFlags {
  readonly platform?: readonly string[];
  readonly referrers?: boolean;
  readonly foreignLayers?: boolean;
}

/** `stowage copy SOURCE TARGET` */
export function addCopyCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('copy <source> <target>')
    .description('copy from registry to registry, without the store; credentials given are for the target');
  command.addOption(severalPlatforms());
  command.option('--referrers', 'copy signatures, SBOMs and whatever else refers to it too');
  command.option('--foreign-layers', 'copy layers that may not be distributed freely too');
  for (const option of registryFlags()) command.addOption(option);
  command.addOption(jsonOption()).addOption(quietOption());
  command.action((source: string, target: string, flags: CopyFlags) => copy(source, target, flags, context));
}

async function copy(
  source: string,
  target: string,
  flags: CopyFlags,
  context: CommandContext,
): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  const { platform: platforms, referrers, foreignLayers } = flags;
  const options = await registryOptions(target, flags, environment);
  const result = await withRegistries(context, options, (stowage) =>
    withProgress(environment.stdout, flags, (onProgress) =>
      stowage.copy(source, target, { platforms, referrers, foreignLayers, onProgress, signal }),
    ),
  );
  if (flags.json === true) await output.json(result);
  else if (flags.quiet === true) await output.line(result.digest);
  else await output.line(summary(result));
}

/** `--platform`, as often as it is wanted. */
function severalPlatforms(): Option {
  const one = platformOption();
  const check = one.parseArg;
  return new Option(
    '--platform <platform>',
    'os/arch[/variant] to keep of an index; may be given several times',
  ).argParser((value: string, before: readonly string[] | undefined) => {
    check?.(value, undefined);
    return [...(before ?? []), value];
  });
}

/** What was done, in a line. */
function summary({ target, blobs, sentBytes }: CopyResult): string {
  const count = (status: string): string => String(blobs.filter((blob) => blob.status === status).length);
  return (
    `${familiarString(parseNormalizedNamed(target))}: ${count('sent')} blobs sent (${formatBytes(sentBytes)}), ` +
    `${count('mounted')} mounted, ${count('existing')} there before`
  );
}
