import type { Command } from 'commander';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, platformOption, quietOption, storeOption } from '../options.ts';
import { registryFlags, registryOptions } from '../registry-options.ts';
import type { RegistryFlags } from '../registry-options.ts';

interface ResolveFlags extends StoreFlags, RegistryFlags {
  readonly platform?: string;
  readonly json?: boolean;
}

/** `stowage resolve REF` */
export function addResolveCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('resolve <ref>')
    .description('print the digest that a reference has in its registry');
  command.addOption(platformOption());
  for (const option of registryFlags()) command.addOption(option);
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((ref: string, flags: ResolveFlags) => resolve(ref, flags, context));
}

async function resolve(ref: string, flags: ResolveFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  const { platform, json } = flags;
  const options = await registryOptions(ref, flags, environment);
  const descriptor = await withStowage(
    flags,
    context,
    (stowage) => stowage.resolve(ref, { platform, signal }),
    options,
  );
  if (json === true) await output.json(descriptor);
  else await output.line(descriptor.digest);
}
