import { Option } from 'commander';
import type { Command } from 'commander';
import type { Stowage } from 'stowage';
import { withStowage } from './command-context.ts';
import type { CommandContext, StoreFlags } from './command-context.ts';
import { platformOption, storeOption } from './options.ts';
import { registryFlags, registryOptions } from './registry-options.ts';
import type { RegistryFlags } from './registry-options.ts';

/** Where the image is whose files are looked at. */
export interface ViewFlags extends StoreFlags, RegistryFlags {
  readonly remote?: boolean;
  /** Whether what refers to a remote image may help to read it. Default `true`. */
  readonly referrers?: boolean;
  readonly platform?: string;
}

/** The files of an image, in the store or in its registry. */
export type View = Awaited<ReturnType<Stowage['viewRemote']>>;

/** The options of commands that look at the files of an image. */
export function addViewOptions(command: Command): void {
  command.addOption(new Option('--remote', 'look into the image in its registry, without pulling it'));
  command.addOption(
    new Option('--no-referrers', 'with --remote: read by nothing that others have pushed beside the image'),
  );
  command.addOption(platformOption());
  for (const option of registryFlags()) command.addOption(option);
  command.addOption(storeOption());
}

/** Runs a piece of work over the files of an image, and lets go of them when it ends. */
export async function withView(
  ref: string,
  flags: ViewFlags,
  context: CommandContext,
  work: (view: View) => Promise<void>,
): Promise<void> {
  const { signal } = context.environment;
  const { remote = false, referrers, platform } = flags;
  const options = remote ? await registryOptions(ref, flags, context.environment) : {};
  await withStowage(
    flags,
    context,
    async (stowage) => {
      if (remote) {
        await work(await stowage.viewRemote(ref, { platform, referrers, signal }));
        return;
      }
      const view = await stowage.view(ref, { signal });
      try {
        await work(view);
      } finally {
        await view.close();
      }
    },
    options,
  );
}
