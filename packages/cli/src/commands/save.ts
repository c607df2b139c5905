import { iterate } from '@stowage/core';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { ArchiveFormat } from 'stowage';
import { writeArchiveFile } from '../archive-file.ts';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { storeOption } from '../options.ts';
import { UsageError } from '../usage-error.ts';

interface SaveFlags extends StoreFlags {
  readonly output?: string;
  readonly format?: ArchiveFormat;
}

/** `stowage save REF...` */
export function addSaveCommand(program: Command, context: CommandContext): void {
  const command = program.command('save <ref...>').description('write images to an archive');
  command.option('-o, --output <file>', 'file to write. Default: standard output');
  const format = new Option('--format <format>', 'docker, docker-v1 (as docker 20.10) or oci');
  command.addOption(format.choices(['docker', 'docker-v1', 'oci'] satisfies ArchiveFormat[]));
  command.addOption(storeOption());
  command.action((refs: string[], flags: SaveFlags) => save(refs, flags, context));
}

async function save(refs: readonly string[], flags: SaveFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { cwd, signal, stdout } = environment;
  const { format, output: file } = flags;
  if (file === undefined && stdout.isTTY === true) {
    throw new UsageError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
  }
  await withStowage(flags, context, async (stowage) => {
    const archive = stowage.save(refs, { format, signal });
    if (file !== undefined) await writeArchiveFile(archive, file, { cwd, signal });
    else for await (const bytes of iterate(archive, { signal })) await output.write(bytes);
  });
}
