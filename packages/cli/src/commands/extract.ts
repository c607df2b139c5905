import type { Command } from 'commander';
import { Option } from 'commander';
import { resolve } from 'node:path';
import type { Stowage } from 'stowage';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';
import { printable } from '../printable.ts';

interface ExtractFlags extends StoreFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly owners?: 'keep' | 'mine';
  readonly specialFiles?: boolean;
}

type ExtractResult = Awaited<ReturnType<Stowage['extract']>>;

/** How many things that were left out are named; of the others only their number is told. */
const NAMED = 20;

/** `stowage extract REF DIR` */
export function addExtractCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('extract <ref> <dir>')
    .description('unpack an image into a directory that is not there yet, or is empty');
  command.addOption(
    new Option('--owners <whose>', 'keep the owners that the image says, or make all files mine').choices([
      'keep',
      'mine',
    ]),
  );
  command.option('--special-files', 'make devices and fifos too, by the program mknod');
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((ref: string, directory: string, flags: ExtractFlags) =>
    extract(ref, directory, flags, context),
  );
}

async function extract(
  ref: string,
  directory: string,
  flags: ExtractFlags,
  context: CommandContext,
): Promise<void> {
  const { environment, output } = context;
  const { signal, cwd, stderr } = environment;
  const { json, quiet, owners, specialFiles } = flags;
  const left: string[] = [];
  const result = await withStowage(flags, context, (stowage) =>
    stowage.extract(ref, {
      to: resolve(cwd, directory),
      owners,
      specialFiles: specialFiles === true ? 'mknod' : 'omit',
      onOmission: ({ what, path, reason }) => {
        if (left.length < NAMED)
          left.push(`warning: left out: ${what} ${printable(path)}: ${printable(reason)}\n`);
      },
      signal,
    }),
  );
  if (json === true) {
    await output.json(result);
    return;
  }
  const more = countOf(result) - left.length;
  stderr.write(left.join('') + (more > 0 ? `warning: ${String(more)} more left out\n` : ''));
  await output.line(quiet === true ? printable(result.path) : summaryOf(result));
}

function countOf({ omissions }: ExtractResult): number {
  return omissions.xattrs + omissions.device + omissions.fifo;
}

function summaryOf({ entries, bytes, path, resumedLayers }: ExtractResult): string {
  const resumed = resumedLayers === 0 ? '' : `, ${String(resumedLayers)} layers were done before`;
  return `Extracted: ${String(entries)} entries, ${String(bytes)} bytes, to ${printable(path)}${resumed}`;
}
