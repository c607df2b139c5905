import { streamFrom } from '@stowage/core';
import { formatReference } from '@stowage/types';
import type { Command } from 'commander';
import type { LoadResult } from 'stowage';
import { readArchiveFile } from '../archive-file.ts';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, platformOption, quietOption, storeOption } from '../options.ts';
import { withProgress } from '../progress-display.ts';
import type { ProgressFlags } from '../progress-display.ts';
import { UsageError } from '../usage-error.ts';

interface LoadFlags extends StoreFlags, ProgressFlags {
  readonly input?: string;
  readonly platform?: string;
  readonly tags: boolean;
}

/** `stowage load` */
export function addLoadCommand(program: Command, context: CommandContext): void {
  const command = program.command('load').description('bring in the images of an archive');
  command.option('-i, --input <file>', 'file to read. Default: standard input');
  command.option('--no-tags', 'give the images none of the names in the archive');
  command.addOption(platformOption());
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((flags: LoadFlags) => load(flags, context));
}

async function load(flags: LoadFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { cwd, signal, stdin, stdout } = environment;
  const { input, platform, tags } = flags;
  if (input === undefined && stdin.isTTY === true) {
    throw new UsageError('requested load from stdin, but stdin is empty');
  }
  const lines: string[] = [];
  const onMessage = (line: string): void => {
    lines.push(line);
  };
  const result = await withStowage(flags, context, (stowage) =>
    withProgress(stdout, flags, (onProgress) => {
      const archive = streamFrom(bytesOf(input === undefined ? stdin : readArchiveFile(input, { cwd })));
      return stowage.load(archive, { tags, platform, onProgress, onMessage, signal });
    }),
  );
  if (flags.json === true) await output.json(plain(result));
  else if (flags.quiet === true) await output.lines(result.images.map(({ id }) => id));
  else await output.lines(lines);
}

/** The result with names as texts. */
function plain({ images }: LoadResult): unknown {
  return {
    images: images.map(({ id, names, tagged, manifest }) => ({
      id,
      names: names.map(formatReference),
      tagged: tagged.map(formatReference),
      manifest,
    })),
  };
}

async function* bytesOf(
  input: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  for await (const piece of input) yield typeof piece === 'string' ? encoder.encode(piece) : piece;
}
