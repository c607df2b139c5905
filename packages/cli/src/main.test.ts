import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestRegistry } from './test-support/test-registry.ts';
import type { TestRegistry } from './test-support/test-registry.ts';

let folder: string;
let registry: TestRegistry;
/** Called for each request; an answer that never comes leaves the client waiting. */
let guard: (request: Request) => Promise<Response | undefined> = () => Promise.resolve(undefined);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-main-'));
  // Node 20 cannot run TypeScript, and the package may not have been built.
  await build({
    entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
    outfile: join(folder, 'dist', 'main.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@stowage/source'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  await copyFile(new URL('../package.json', import.meta.url), join(folder, 'package.json'));
  registry = await startTestRegistry((request) => guard(request));
}, 60_000);

afterAll(async () => {
  await registry.close();
  await rm(folder, { recursive: true, force: true });
});

afterEach(() => {
  guard = () => Promise.resolve(undefined);
});

function start(...args: string[]): ChildProcessWithoutNullStreams {
  const env = { ...process.env, STOWAGE_STORE: join(folder, 'store') };
  return spawn(process.execPath, [join(folder, 'dist', 'main.mjs'), ...args], { env });
}

async function outcomeOf(child: ChildProcessWithoutNullStreams) {
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, stdout, stderr };
}

describe('the command as a process', { timeout: 60_000 }, () => {
  it('pulls, prints and ends', async () => {
    await registry.push('app', 'v1', [[{ name: 'hello', text: 'world\n' }]]);
    const ref = `${registry.host}/app:v1`;
    const pulled = await outcomeOf(start('pull', ref, '--quiet'));
    expect(pulled).toEqual({ code: 0, signal: null, stdout: `${ref}\n`, stderr: '' });
    const cat = await outcomeOf(start('cat', ref, 'hello'));
    expect(cat).toEqual({ code: 0, signal: null, stdout: 'world\n', stderr: '' });
  });

  it('exits with 1 and 2', async () => {
    const failed = await outcomeOf(start('inspect', 'nothing'));
    expect(failed).toEqual({ code: 1, signal: null, stdout: '', stderr: 'error: No such image: nothing\n' });
    expect((await outcomeOf(start('inspect'))).code).toBe(2);
  });

  it('exits with 130 at Ctrl-C in the middle of a pull', async () => {
    await registry.push('slow', 'v1', [[{ name: 'slow', text: 'never comes\n' }]]);
    const asked = new Promise<void>((resolve) => {
      guard = (request) => {
        if (!request.url.includes('/blobs/')) return Promise.resolve(undefined);
        resolve();
        return new Promise((settle) => {
          request.signal.addEventListener('abort', () => {
            settle(new Response(null, { status: 503 }));
          });
        });
      };
    });
    const child = start('pull', `${registry.host}/slow:v1`);
    const outcome = outcomeOf(child);
    await asked;
    child.kill('SIGINT');
    expect(await outcome).toMatchObject({
      code: 130,
      signal: null,
      stderr: expect.stringMatching(/^interrupted: what was downloaded is kept/) as string,
    });
  });

  it('ends in silence when nobody reads its output', async () => {
    const files = Array.from({ length: 20_000 }, (_, index) => ({ name: `file-${String(index)}` }));
    await registry.push('many', 'v1', [files]);
    const ref = `${registry.host}/many:v1`;
    expect((await outcomeOf(start('pull', ref, '--quiet'))).code).toBe(0);
    const child = start('ls', ref);
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect([code, signal, stderr]).toEqual([0, null, '']);
  });

  it('serves until SIGTERM', async () => {
    const child = start('serve', '--port', '0');
    const outcome = outcomeOf(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const [, url = ''] = /^Listening on (http:\S+)\n$/.exec(line.toString()) ?? [];
    expect((await fetch(`${url}/v2/`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await outcome).toMatchObject({ code: 0, signal: null, stderr: '' });
  });
});
