import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Interruption } from '../interruption.ts';
import { run } from '../run.ts';
import { CapturedStream } from '../test-support/captured-stream.ts';
import { testEnvironment } from '../test-support/run-command.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stowage-serve-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** Starts the command; resolves when it has printed something. */
async function start(...args: string[]) {
  const interrupted = new AbortController();
  const stdout = new CapturedStream();
  const stderr = new CapturedStream();
  const printed = new Promise<void>((resolve) => {
    stdout.printed = resolve;
  });
  const environment = testEnvironment({ stdout, stderr, signal: interrupted.signal });
  const code = run(['serve', '--store', root, '--port', '0', ...args], environment);
  await Promise.race([printed, code]);
  const stop = (): Promise<number> => {
    interrupted.abort(new Interruption('SIGTERM'));
    return code;
  };
  return { stdout, stderr, stop };
}

describe('stowage serve', () => {
  it('prints its address, is a registry, and ends well when it is told to', async () => {
    const { stdout, stderr, stop } = await start();
    const [, url = ''] = /^Listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(stdout.text) ?? [];
    const push = await fetch(`${url}/v2/app/blobs/uploads/`, { method: 'POST' });
    expect(push.status).toBe(202);
    expect(await (await fetch(`${url}/v2/_catalog`)).json()).toEqual({ repositories: [] });
    expect((await fetch(`${url}/v2/`, { headers: { Origin: 'https://evil.example' } })).status).toBe(403);
    expect(await stop()).toBe(0);
    expect(stderr.text).toBe('');
    await expect(fetch(url)).rejects.toThrow();
  });

  it('prints only the address with --quiet, and JSON with --json', async () => {
    const quiet = await start('--quiet');
    expect(quiet.stdout.text).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/);
    await quiet.stop();
    const json = await start('--json', '--host', 'localhost');
    expect(JSON.parse(json.stdout.text)).toEqual({ url: expect.stringMatching(/^http:\/\//) as string });
    await json.stop();
  });

  it('fails where it cannot listen', async () => {
    const first = await start('--quiet');
    const { port } = new URL(first.stdout.text);
    const second = await start('--port', port);
    expect(await second.stop()).toBe(1);
    expect(second.stderr.text).toMatch(/^error: cannot listen: .*EADDRINUSE/);
    await first.stop();
  });
});
