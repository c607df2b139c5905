import type { LayerEntry } from '@stowage/types';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { formatEntry } from '../entry-format.ts';
import { jsonOption, quietOption } from '../options.ts';
import { printable, safeJson } from '../printable.ts';
import { addViewOptions, withView } from '../with-view.ts';
import type { View, ViewFlags } from '../with-view.ts';

interface LsFlags extends ViewFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

type Entry = ReturnType<View['lstat']>;

/** `stowage ls REF [PATH]` */
export function addLsCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('ls <ref> [path]')
    .description('list the files of an image, or those below a path');
  command.addOption(jsonOption()).addOption(quietOption());
  addViewOptions(command);
  command.action((ref: string, path: string | undefined, flags: LsFlags) =>
    ls(ref, path ?? '', flags, context),
  );
}

async function ls(ref: string, path: string, flags: LsFlags, context: CommandContext): Promise<void> {
  await withView(ref, flags, context, (view) =>
    context.output.lines(formatted(entriesAt(view, path), flags)),
  );
}

/** What is below a directory, links to it followed; anything else stands for itself. */
function* entriesAt(view: View, path: string): Iterable<Entry> {
  const at = path === '' ? undefined : view.stat(path);
  if (at !== undefined && at.type !== 'dir') {
    yield view.lstat(path);
    return;
  }
  const prefix = at === undefined || at.path === '' ? '' : `${at.path}/`;
  for (const entry of view.walk()) if (entry.path.startsWith(prefix)) yield entry;
}

function* formatted(entries: Iterable<Entry>, { json, quiet }: LsFlags): Iterable<string> {
  for (const entry of entries) {
    if (json === true) yield safeJson(jsonEntry(entry));
    else yield quiet === true ? printable(entry.path) : formatEntry(entry);
  }
}

function jsonEntry({ path, type, size, mode, uid, gid, mtime, linkname, layer }: Entry): object {
  const link: Pick<LayerEntry, 'linkname'> = linkname === undefined ? {} : { linkname };
  return { path, type, size, mode, uid, gid, mtime, ...link, layer: layer.diffId };
}
