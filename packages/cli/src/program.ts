import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { addArtifactCommand } from './commands/artifact.ts';
import { addCatCommand } from './commands/cat.ts';
import { addCheckCommand } from './commands/check.ts';
import { addCopyCommand } from './commands/copy.ts';
import { addDiffCommand } from './commands/diff.ts';
import { addExtractCommand } from './commands/extract.ts';
import { addGcCommand } from './commands/gc.ts';
import { addImagesCommand } from './commands/images.ts';
import { addInspectCommand } from './commands/inspect.ts';
import { addLoadCommand } from './commands/load.ts';
import { addLoginCommand } from './commands/login.ts';
import { addLogoutCommand } from './commands/logout.ts';
import { addLsCommand } from './commands/ls.ts';
import { addPullCommand } from './commands/pull.ts';
import { addPushCommand } from './commands/push.ts';
import { addReferrersCommand } from './commands/referrers.ts';
import { addResolveCommand } from './commands/resolve.ts';
import { addRmCommand } from './commands/rm.ts';
import { addSaveCommand } from './commands/save.ts';
import { addSeekIndexCommand } from './commands/seek-index.ts';
import { addServeCommand } from './commands/serve.ts';
import { addTagCommand } from './commands/tag.ts';
import { addTagsCommand } from './commands/tags.ts';
import { addWasteCommand } from './commands/waste.ts';
import type { Environment } from './environment.ts';
import { Output } from './output.ts';

/** In the order in which the help lists them. */
const COMMANDS: readonly ((program: Command, context: CommandContext) => void)[] = [
  addPullCommand,
  addPushCommand,
  addImagesCommand,
  addInspectCommand,
  addLsCommand,
  addCatCommand,
  addExtractCommand,
  addDiffCommand,
  addWasteCommand,
  addTagCommand,
  addRmCommand,
  addSaveCommand,
  addLoadCommand,
  addTagsCommand,
  addResolveCommand,
  addCopyCommand,
  addReferrersCommand,
  addArtifactCommand,
  addSeekIndexCommand,
  addLoginCommand,
  addLogoutCommand,
  addServeCommand,
  addGcCommand,
  addCheckCommand,
];

/**
 * Makes the `stowage` command as commander knows it, to be parsed or built upon. It throws where commander would end the
 * process, and writes to the streams of its environment; {@link run} turns that into an exit code.
 *
 * @param environment the world around the command
 *
 * @example
 * ```ts
 * import { createProgram } from '@stowage/cli';
 *
 * const program = createProgram({
 *   stdout: process.stdout,
 *   stderr: process.stderr,
 *   stdin: process.stdin,
 *   env: process.env,
 *   cwd: process.cwd(),
 *   home: '/home/me',
 *   signal: new AbortController().signal,
 * });
 * console.log(program.commands.some((command) => command.name() === 'pull')); // true
 * ```
 */
export function createProgram(environment: Environment): Command {
  const { stdout, stderr, signal } = environment;
  const program = new Command('stowage')
    .description('Pull, push, keep and look into container images.')
    .version(version())
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 80,
      getErrHelpWidth: () => stderr.columns ?? 80,
    });
  const context: CommandContext = { environment, output: new Output(stdout, signal) };
  for (const add of COMMANDS) add(program, context);
  return program;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { readonly version: string }).version;
}
