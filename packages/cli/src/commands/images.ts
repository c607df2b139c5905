import { familiarName, formatBytes, parseNormalizedNamed, shortId } from '@stowage/types';
import type { Command } from 'commander';
import type { ImageSummary } from 'stowage';
import { withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { humanDuration } from '../human-duration.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';
import { formatTable } from '../table.ts';

interface ImagesFlags extends StoreFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `stowage images` */
export function addImagesCommand(program: Command, context: CommandContext): void {
  const command = program.command('images').description('list the images of the store');
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((flags: ImagesFlags) => images(flags, context));
}

async function images(flags: ImagesFlags, context: CommandContext): Promise<void> {
  const { output, environment } = context;
  const { signal, now = Date.now } = environment;
  const list = await withStowage(flags, context, (stowage) => stowage.images({ signal }));
  if (flags.json === true) await output.json(list);
  else if (flags.quiet === true) await output.lines(list.map(({ id }) => id));
  else await output.lines(formatTable(rowsOf(list, now())));
}

function rowsOf(list: readonly ImageSummary[], now: number): string[][] {
  const rows = list.flatMap((image) =>
    namesOf(image).map(([repository, tag]) => [
      repository,
      tag,
      shortId(image.id),
      createdOf(image, now),
      // Nobody has inflated a pending image yet.
      image.pending === true ? `${formatBytes(image.size)} compressed` : formatBytes(image.size),
    ]),
  );
  return [['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'], ...rows];
}

/** A row for each tag; an image without tags has one row for each repository that it was pulled from. */
function namesOf({ references, digests }: ImageSummary): readonly (readonly [string, string])[] {
  const names = (references.length > 0 ? references : digests).map((text) => {
    const reference = parseNormalizedNamed(text);
    return [familiarName(reference), reference.tag ?? '<none>'] as const;
  });
  return names.length > 0 ? names : [['<none>', '<none>']];
}

function createdOf({ created = '' }: ImageSummary, now: number): string {
  const at = Date.parse(created);
  return Number.isNaN(at) ? 'N/A' : `${humanDuration(Math.max(0, now - at))} ago`;
}
