import { formatBytes } from '@stowage/types';
import type { Descriptor } from '@stowage/types';
import type { Command } from 'commander';
import { withRegistries } from '../command-context.ts';
import type { CommandContext } from '../command-context.ts';
import { jsonOption, quietOption } from '../options.ts';
import { printable } from '../printable.ts';
import { registryFlags, registryOptions } from '../registry-options.ts';
import type { RegistryFlags } from '../registry-options.ts';
import { formatTable } from '../table.ts';

interface ReferrersFlags extends RegistryFlags {
  readonly artifactType?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `stowage referrers REF` */
export function addReferrersCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('referrers <ref>')
    .description('list what refers to an image in its registry: signatures, SBOMs, attestations');
  command.option('--artifact-type <type>', 'only those of this type');
  for (const option of registryFlags()) command.addOption(option);
  command.addOption(jsonOption()).addOption(quietOption());
  command.action((ref: string, flags: ReferrersFlags) => referrers(ref, flags, context));
}

async function referrers(ref: string, flags: ReferrersFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  const { artifactType } = flags;
  const options = await registryOptions(ref, flags, environment);
  const all: Descriptor[] = [];
  await withRegistries(context, options, async (stowage) => {
    for await (const referrer of stowage.referrers(ref, { artifactType, signal })) all.push(referrer);
  });
  if (flags.json === true) await output.json(all);
  else if (flags.quiet === true) await output.lines(all.map(({ digest }) => digest));
  else await output.lines(formatTable([['DIGEST', 'TYPE', 'SIZE'], ...all.map(row)]));
}

function row({ digest, mediaType, size, artifactType = mediaType }: Descriptor): string[] {
  return [digest, printable(artifactType), formatBytes(size)];
}
