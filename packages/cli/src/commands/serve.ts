import { createRegistryServer } from '@stowage/registry-server';
import { openStorage } from '@stowage/storage';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { storeRoot } from '../command-context.ts';
import type { CommandContext, StoreFlags } from '../command-context.ts';
import { errorLine } from '../error-line.ts';
import { createNodeListener } from '../http-adapter.ts';
import { listen } from '../http-server.ts';
import { isLoopback, localOnly } from '../local-only.ts';
import { jsonOption, quietOption, storeOption } from '../options.ts';
import type { Output } from '../output.ts';

interface ServeFlags extends StoreFlags {
  readonly port: number;
  readonly host: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** How long requests may go on once the server is to end, in milliseconds. */
const GRACE = 5000;

/** `stowage serve` */
export function addServeCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('serve')
    .description('serve the store as a registry until it is interrupted');
  command.option('-p, --port <number>', 'port to listen on; 0 for any that is free', parsePort, 5000);
  command.option('--host <host>', 'name or address to listen on', '127.0.0.1');
  command.addOption(jsonOption()).addOption(quietOption()).addOption(storeOption());
  command.action((flags: ServeFlags) => serve(flags, context));
}

async function serve(flags: ServeFlags, context: CommandContext): Promise<void> {
  const { signal, stderr } = context.environment;
  const onError = (error: unknown): void => {
    stderr.write(errorLine(error));
  };
  const storage = await openStorage({ root: storeRoot(flags, context) });
  try {
    // Pages of the web have no business here: they could read the images of whoever looks at them.
    const registry = createRegistryServer({ storage, onError, cors: false });
    const handler = isLoopback(flags.host) ? localOnly(registry) : registry;
    const server = await listen(createNodeListener(handler, onError), flags.host, flags.port);
    try {
      await announce(server.url, flags, context.output);
      await aborted(signal);
    } finally {
      await server.close(GRACE);
    }
  } finally {
    await storage.close();
  }
}

async function announce(url: string, { json, quiet }: ServeFlags, output: Output): Promise<void> {
  if (json === true) await output.json({ url });
  else await output.line(quiet === true ? url : `Listening on ${url}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

function parsePort(value: string): number {
  const port = /^[0-9]{1,5}$/.test(value) ? Number(value) : NaN;
  if (port <= 65535) return port;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}
