import { familiarString, formatBytes, parseNormalizedNamed, shortId } from '@stowage/types';
import type { ProgressOutput } from '@stowage/types';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { PullPlan } from 'stowage';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { Interruption } from '../interruption.ts';
import { jsonOption, platformOption, quietOption, storeOption } from '../options.ts';
import { createProgressDisplay } from '../progress-display.ts';
import type { ProgressFlags } from '../progress-display.ts';
import { registryFlags, registryOptions } from '../registry-options.ts';
import type { RegistryFlags } from '../registry-options.ts';
import { formatTable } from '../table.ts';

interface PullFlags extends StoreFlags, RegistryFlags, ProgressFlags {
  readonly platform?: string;
  readonly allTags?: boolean;
  readonly digestsOnly?: boolean;
  readonly dryRun?: boolean;
}

/** What somebody who interrupts a pull is told. */
const KEPT = 'interrupted: what was downloaded is kept, and the next pull goes on from there\n';

/** `stowage pull REF` */
export function addPullCommand(program: Command, context: CommandContext): void {
  const command = program.command('pull <ref>').description('download an image from its registry');
  command.addOption(platformOption());
  command.option('-a, --all-tags', 'pull every tag of the repository');
  command.option('--digests-only', 'verify digests alone; layers are inflated when the image is first used');
  command.addOption(
    new Option('--dry-run', 'tell what would be downloaded, and download nothing').conflicts('allTags'),
  );
  for (const option of registryFlags()) command.addOption(option);
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((ref: string, flags: PullFlags) => pull(ref, flags, context));
}

async function pull(ref: string, flags: PullFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal, stdout, stderr } = environment;
  const { platform, allTags, digestsOnly } = flags;
  const options = await registryOptions(ref, flags, environment);
  if (flags.dryRun === true) {
    const plan = await withStowage(
      flags,
      context,
      (stowage) => stowage.plan(ref, { platform, signal }),
      options,
    );
    if (flags.json === true) await output.json(plan);
    else if (flags.quiet === true) await output.line(String(plan.bytes));
    else await output.lines(planLines(plan));
    return;
  }
  const display = createProgressDisplay(stdout, flags);
  const onProgress: ProgressOutput = (progress) => {
    display.update(progress);
  };
  const onSnapshot = display.observe?.bind(display);
  let interrupted = false;
  const result = await withStowage(
    flags,
    context,
    (stowage) => stowage.pull(ref, { platform, allTags, digestsOnly, onProgress, onSnapshot, signal }),
    options,
  )
    .catch((error: unknown) => {
      if (signal.reason instanceof Interruption) interrupted = true;
      throw error;
    })
    .finally(() => {
      display.finish();
      if (interrupted) stderr.write(KEPT);
    });
  if (flags.json === true) await output.json(result);
  else await output.line(familiarString(parseNormalizedNamed(result.reference)));
}

/** What would be downloaded, a line for each thing, and what that comes to. */
function planLines({ items, bytes, localBytes, requests }: PullPlan): readonly string[] {
  const rows = items.map(({ digest, kind, size, local }) => [
    shortId(digest),
    kind,
    formatBytes(size),
    local === size ? 'local' : local === 0 ? 'missing' : `${formatBytes(local)} local`,
  ]);
  return [
    ...formatTable([['DIGEST', 'KIND', 'SIZE', 'STATE'], ...rows]),
    `To download: ${formatBytes(bytes)} in ${String(requests)} request${requests === 1 ? '' : 's'}; ` +
      `local: ${formatBytes(localBytes)}`,
  ];
}
