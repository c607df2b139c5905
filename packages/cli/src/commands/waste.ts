import type { Command } from 'commander';
import type { OpenImageView } from 'stowage';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';
import { printable } from '../printable.ts';
import { formatTable } from '../table.ts';

interface WasteFlags extends StoreFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

type WasteReport = ReturnType<OpenImageView['waste']>;

/** `stowage waste REF` */
export function addWasteCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('waste <ref>')
    .description('list what the layers of an image have and later layers hide');
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((ref: string, flags: WasteFlags) => waste(ref, flags, context));
}

async function waste(ref: string, flags: WasteFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal } = environment;
  await withStowage(flags, context, async (stowage) => {
    const view = await stowage.view(ref, { signal });
    try {
      const report = view.waste();
      if (flags.json === true) await output.json(jsonReport(report));
      else if (flags.quiet === true) await output.lines(report.paths.map(({ path }) => printable(path)));
      else await output.lines(linesOf(report));
    } finally {
      await view.close();
    }
  });
}

function jsonReport({ totalBytes, wastedBytes, efficiency, paths }: WasteReport): object {
  const copies = (list: WasteReport['paths'][number]['copies']): object[] =>
    list.map(({ bytes, layer, hiddenBy, how }) => ({
      bytes,
      layer: layer.diffId,
      hiddenBy: hiddenBy.diffId,
      how,
    }));
  return {
    totalBytes,
    wastedBytes,
    efficiency,
    paths: paths.map(({ path, bytes, copies: list }) => ({ path, bytes, copies: copies(list) })),
  };
}

function linesOf({ totalBytes, wastedBytes, efficiency, paths }: WasteReport): readonly string[] {
  const rows = paths.map(({ path, bytes, copies }) => [
    String(bytes),
    String(copies.length),
    printable(path),
  ]);
  const table = rows.length === 0 ? [] : formatTable([['BYTES', 'COPIES', 'PATH'], ...rows]);
  const score = (efficiency * 100).toFixed(1);
  return [...table, `Wasted: ${String(wastedBytes)} of ${String(totalBytes)} bytes, efficiency ${score} %`];
}
