// What `npm start` shows: a registry, an image in it, the image pulled into a store, and what is inside. Everything is
// done by the `stowage` command as a user would type it; only the image is made here.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildImage, pushImage } from '../test/support/image-builder.ts';
import type { BuiltImage } from '../test/support/image-builder.ts';

const MAIN = fileURLToPath(new URL('../packages/cli/dist-command/main.js', import.meta.url));

/** Runs the demonstration; answers the exit code. */
export async function main(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-start-'));
  const server = await serve(join(directory, 'registry'));
  try {
    const image = demoImage();
    await pushImage(fetch, server.url, 'demo/app', 'v1', image);
    const name = `${new URL(server.url).host}/demo/app:v1`;
    const store = ['--store', join(directory, 'store')];

    title(`A registry listens on ${server.url} and holds ${name}:`);
    console.log(`  manifest ${image.descriptor.digest}`);
    for (const { descriptor, diffId } of image.layers) {
      console.log(`  layer    ${descriptor.digest} ${megabytes(descriptor.size)}`);
      console.log(`           uncompressed ${diffId}`);
    }
    const begun = performance.now();
    await stowage(['pull', name, ...store]);
    const seconds = (performance.now() - begun) / 1000;
    const bytes = image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    console.log(
      `  ${megabytes(bytes)} pulled, inflated and verified twice in ${seconds.toFixed(2)} s, start-up included.`,
    );
    await stowage(['pull', name, ...store]);
    await stowage(['ls', name, ...store]);
    await stowage(['cat', name, 'etc/motd', ...store]);
    await stowage(['images', ...store]);
    title(
      'etc/secret is gone: the third layer removes it. The store was a scratch folder and is gone now, too.',
    );
    return 0;
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Three layers: a base, one that replaces a file, one that removes a file. */
function demoImage(): BuiltImage {
  return buildImage([
    [
      { name: 'bin/', type: 'dir' },
      { name: 'bin/app', content: noise(24_000_000), mode: 0o755 },
      { name: 'etc/', type: 'dir' },
      { name: 'etc/motd', content: 'Welcome to the first layer.\n' },
      { name: 'etc/secret', content: 'A later layer removes this file.\n' },
    ],
    [
      { name: 'etc/motd', content: 'Welcome aboard. The second layer replaced this file.\n' },
      { name: 'usr/share/data', content: noise(12_000_000) },
    ],
    [
      { name: 'etc/.wh.secret' },
      { name: 'bin/sh', type: 'symlink', linkname: 'app' },
      { name: 'srv/README', content: 'Added by the third layer.\n' },
    ],
  ]);
}

/** Bytes that compress to about half, the same every time. */
function noise(length: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  let state = 2463534242;
  for (let index = 0; index < words.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state & 0x0f0f_0f0f;
  }
  return new Uint8Array(words.buffer);
}

/** Starts `stowage serve` on a free port. */
async function serve(store: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const args = ['serve', '--port', '0', '--quiet', '--store', store];
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const url = await Promise.race([firstLine(child), ended.then(() => undefined)]);
  if (url === undefined) throw new Error('the registry did not start');
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function firstLine({ stdout }: ChildProcess): Promise<string | undefined> {
  let text = '';
  for await (const chunk of stdout ?? []) {
    text += String(chunk);
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
  }
  return undefined;
}

/** Runs a command in view of the user. */
async function stowage(args: readonly string[]): Promise<void> {
  title(`$ stowage ${args.filter((_, index) => index < args.indexOf('--store')).join(' ')}`);
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`stowage ended with code ${String(code)}`);
}

function title(text: string): void {
  console.log(`\n${text}`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
