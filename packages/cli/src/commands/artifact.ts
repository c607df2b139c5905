import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { streamFrom } from '@stowage/core';
import { familiarString, parseNormalizedNamed } from '@stowage/types';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { ArtifactFile } from 'stowage';
import { writeArtifactFiles } from '../artifact-files.ts';
import { withRegistries, withStowage } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';
import { withProgress } from '../progress-display.ts';
import type { ProgressFlags } from '../progress-display.ts';
import { registryFlags, registryOptions } from '../registry-options.ts';
import type { RegistryFlags } from '../registry-options.ts';
import { UsageError } from '../usage-error.ts';

interface PushFlags extends RegistryFlags, ProgressFlags {
  readonly artifactType: string;
  readonly subject?: string;
  readonly annotation?: Readonly<Record<string, string>>;
}

interface PullFlags extends StoreFlags, RegistryFlags, ProgressFlags {
  readonly output?: string;
  readonly force?: boolean;
}

/** `stowage artifact push REF [FILE...]`, `stowage artifact pull REF` */
export function addArtifactCommand(program: Command, context: CommandContext): void {
  const artifact = program.command('artifact').description('push and pull files that are no image');

  const push = artifact
    .command('push <ref> [file...]')
    .description('push files as an artifact; FILE:TYPE says what is in one');
  push.requiredOption('--artifact-type <type>', 'what kind of artifact it is: a media type');
  push.option('--subject <tag|digest>', 'what it refers to, in the same repository');
  push.addOption(annotationOption());
  for (const option of registryFlags()) push.addOption(option);
  push.addOption(jsonOption()).addOption(quietOption());
  push.action((ref: string, files: string[], flags: PushFlags) => pushFiles(ref, files, flags, context));

  const pull = artifact.command('pull <ref>').description('download an artifact and write its files');
  pull.option('-o, --output <dir>', 'directory for the files. Default: the current one');
  pull.option('--force', 'write over files that are there');
  for (const option of registryFlags()) pull.addOption(option);
  pull.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  pull.action((ref: string, flags: PullFlags) => pullFiles(ref, flags, context));
}

async function pushFiles(
  ref: string,
  names: readonly string[],
  flags: PushFlags,
  context: CommandContext,
): Promise<void> {
  const { environment, output } = context;
  const { signal, cwd, stdout } = environment;
  const { artifactType, subject, annotation: annotations } = flags;
  const files = await Promise.all(names.map((name) => fileOf(name, cwd)));
  const titles = new Set(files.map(({ title }) => title));
  if (titles.size < files.length) throw new UsageError('several files have the same name');
  const options = await registryOptions(ref, flags, environment);
  const result = await withRegistries(context, options, (stowage) =>
    withProgress(stdout, flags, (onProgress) =>
      stowage.pushArtifact(ref, { artifactType, files, subject, annotations, onProgress, signal }),
    ),
  );
  if (flags.json === true) await output.json(result);
  else if (flags.quiet === true) await output.line(result.digest);
  else await output.line(familiarString(parseNormalizedNamed(result.reference)));
}

async function pullFiles(ref: string, flags: PullFlags, context: CommandContext): Promise<void> {
  const { environment, output } = context;
  const { signal, cwd, stdout } = environment;
  const options = await registryOptions(ref, flags, environment);
  await withStowage(
    flags,
    context,
    async (stowage) => {
      const result = await withProgress(stdout, flags, (onProgress) =>
        stowage.pullArtifact(ref, { onProgress, signal }),
      );
      const directory = resolve(cwd, flags.output ?? '.');
      const written = await writeArtifactFiles(result.files, directory, { force: flags.force, signal });
      if (flags.json === true) await output.json({ ...result, written });
      else await output.lines(written);
    },
    options,
  );
}

/** A file as it is named on the command line: `FILE` or `FILE:TYPE`. */
async function fileOf(text: string, cwd: string): Promise<ArtifactFile> {
  const [, name = text, mediaType] = /^(.+):([\w.+-]+\/[\w.+-]+)$/.exec(text) ?? [];
  const path = resolve(cwd, name);
  const found = await stat(path);
  if (!found.isFile()) throw new UsageError(`not a file: ${name}`);
  const open = (start: number) => Promise.resolve(streamFrom(bytesOf(path, start)));
  return { title: basename(path), mediaType, content: { size: found.size, open } };
}

async function* bytesOf(path: string, start: number): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of createReadStream(path, { start, highWaterMark: 1 << 18 }))
    yield chunk as Uint8Array;
}

/** `--annotation KEY=VALUE`, as often as it is wanted. */
function annotationOption(): Option {
  return new Option('--annotation <key=value>', 'say something of it; may be given several times').argParser(
    (text: string, before: Readonly<Record<string, string>> | undefined) => {
      const at = text.indexOf('=');
      if (at < 1) throw new InvalidArgumentError('It must be KEY=VALUE.');
      return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
    },
  );
}
