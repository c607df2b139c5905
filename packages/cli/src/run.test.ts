import { Writable } from 'node:stream';
import { asDigest, StowageError } from '@stowage/types';
import type { AuthConfig } from '@stowage/types';
import type { PullPlan, Stowage, StowageOptions } from 'stowage';
import { describe, expect, it } from 'vitest';
import { Interruption } from './interruption.ts';
import { run } from './run.ts';
import { runCommand, testEnvironment, textInput } from './test-support/run-command.ts';

/** A store in which only what is given can be called; it remembers how it was opened, and whether it was closed. */
function fakeStowage(methods: Partial<Stowage>) {
  const opened: StowageOptions[] = [];
  const state = { closed: 0 };
  const close = (): Promise<void> => {
    state.closed += 1;
    return Promise.resolve();
  };
  const openStowage = (options: StowageOptions): Promise<Stowage> => {
    opened.push(options);
    return Promise.resolve({ ...methods, close } as Stowage);
  };
  return { opened, state, openStowage };
}

const PULLED = { reference: 'docker.io/library/busybox:latest' } as Awaited<ReturnType<Stowage['pull']>>;

describe('bad usage', () => {
  it.each([
    [['pul'], /unknown command/],
    [['pull'], /missing required argument/],
    [['pull', 'a', 'b'], /too many arguments/],
    [['pull', 'a', '--jsno'], /unknown option/],
    [['pull', 'a', '--platform', 'linux/*'], /wildcards/],
    [['pull', 'a', '--store', ''], /must not be empty/],
    [['pull', 'a', '--username', 'me'], /a user needs a password/],
    [['tags', 'a', '--password-stdin'], /a password needs a user/],
    [['serve', '--port', '70000'], /from 0 to 65535/],
    [['serve', '--port', 'http'], /from 0 to 65535/],
  ])('%j exits with 2 and one line', async (args, message) => {
    const { openStowage, opened } = fakeStowage({});
    const { code, stdout, stderr } = await runCommand(args, { openStowage, stdin: textInput('secret') });
    expect(code).toBe(2);
    expect(stderr.text).toMatch(/^error: [^\n]+\n$/);
    expect(stderr.text).toMatch(message);
    expect(stdout.text).toBe('');
    expect(opened).toEqual([]);
  });

  it('without a command shows help on standard error', async () => {
    const { code, stdout, stderr } = await runCommand([]);
    expect([code, stdout.text]).toEqual([2, '']);
    expect(stderr.text).toContain('Usage: stowage');
  });
});

describe('help and version', () => {
  it('are what was asked for', async () => {
    const help = await runCommand(['pull', '--help']);
    expect([help.code, help.stderr.text]).toEqual([0, '']);
    expect(help.stdout.text).toContain('Usage: stowage pull [options] <ref>');
    const version = await runCommand(['--version']);
    expect(version.code).toBe(0);
    expect(version.stdout.text).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

/** What a store that was opened like this shows to a registry. */
async function credentialsFor(host: string, options: StowageOptions = {}): Promise<AuthConfig | undefined> {
  if (typeof options.auth !== 'function') throw new Error('not asked by host');
  return await options.auth(host);
}

describe('a command', () => {
  it('takes its flags to the store, and closes it', async () => {
    const asked: unknown[] = [];
    const { openStowage, opened, state } = fakeStowage({
      pull: (reference, { platform, allTags } = {}) => {
        asked.push(reference, platform, allTags);
        return Promise.resolve(PULLED);
      },
    });
    const args = ['pull', 'busybox', '--platform', 'linux/arm/v7', '-a', '--store', 'images'];
    const { code, stdout } = await runCommand(args, { openStowage, cwd: '/home/me/project' });
    expect([code, stdout.text]).toEqual([0, 'busybox:latest\n']);
    expect(asked).toEqual(['busybox', 'linux/arm/v7', true]);
    expect(opened[0]?.root).toMatch(/[\\/]project[\\/]images$/);
    expect(await credentialsFor('docker.io', opened[0])).toBeUndefined();
    expect(state.closed).toBe(1);
  });

  it('gives credentials to the registry of the reference and to no other', async () => {
    const { openStowage, opened } = fakeStowage({ pull: () => Promise.resolve(PULLED) });
    const args = ['pull', 'localhost:5000/app', '--username', 'me', '--password-stdin'];
    await runCommand(args, { openStowage, stdin: textInput('secret\n') });
    const env = { STOWAGE_USERNAME: 'you', STOWAGE_PASSWORD: 'hidden' };
    await runCommand(['pull', 'busybox'], { openStowage, env });
    const hosts = ['localhost:5000', 'docker.io', 'localhost'];
    const me = { username: 'me', password: 'secret', serverAddress: 'localhost:5000' };
    const you = { username: 'you', password: 'hidden', serverAddress: 'docker.io' };
    const found = opened.map((options) => Promise.all(hosts.map((host) => credentialsFor(host, options))));
    expect(await Promise.all(found)).toEqual([
      [me, undefined, undefined],
      [undefined, you, undefined],
    ]);
  });

  it('that fails exits with 1 and says why on one safe line', async () => {
    const message = 'errors:\ndenied: no\u001b[2J\nunauthorized\n';
    const { openStowage, state } = fakeStowage({
      images: () => Promise.reject(new StowageError('DENIED', message)),
    });
    const { code, stdout, stderr } = await runCommand(['images', '--json'], { openStowage });
    expect([code, stdout.text]).toEqual([1, '']);
    expect(stderr.text).toBe('error: errors: denied: no\\x1b[2J unauthorized\n');
    expect(state.closed).toBe(1);
  });

  it('whose store cannot be opened exits with 1', async () => {
    const openStowage = () => Promise.reject(new StowageError('STORAGE', 'disk full'));
    const { code, stderr } = await runCommand(['images'], { openStowage });
    expect([code, stderr.text]).toEqual([1, 'error: disk full\n']);
  });
});

describe('pull --dry-run', () => {
  const digest = asDigest(`sha256:${'a'.repeat(64)}`);
  const item = { kind: 'layer', digest, mediaType: 'x', size: 2_000_000 } as const;
  const plan: PullPlan = {
    reference: 'docker.io/library/busybox:latest',
    digest,
    items: [
      { ...item, local: 2_000_000 },
      { ...item, local: 0 },
      { ...item, local: 500_000 },
    ],
    bytes: 3_500_000,
    localBytes: 2_500_000,
    requests: 3,
  };
  const dryRun = (...flags: string[]): ReturnType<typeof runCommand> =>
    runCommand(['pull', 'busybox', '--dry-run', ...flags], {
      openStowage: fakeStowage({ plan: () => Promise.resolve(plan) }).openStowage,
    });

  it('tells what would be downloaded', async () => {
    const { code, stdout } = await dryRun();
    expect([code, stdout.text.split('\n')]).toEqual([
      0,
      [
        'DIGEST         KIND    SIZE   STATE',
        'aaaaaaaaaaaa   layer   2MB    local',
        'aaaaaaaaaaaa   layer   2MB    missing',
        'aaaaaaaaaaaa   layer   2MB    500kB local',
        'To download: 3.5MB in 3 requests; local: 2.5MB',
        '',
      ],
    ]);
  });

  it('tells it as JSON, or only how many bytes', async () => {
    expect(JSON.parse((await dryRun('--json')).stdout.text)).toEqual(plan);
    expect((await dryRun('--quiet')).stdout.text).toBe('3500000\n');
  });

  it('is of one image', async () => {
    const { code, stderr } = await dryRun('--all-tags');
    expect([code, stderr.text]).toEqual([2, expect.stringContaining('cannot be used with')]);
  });
});

describe('an interruption', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s ends the command in good order with exit code %i', async (name, expected) => {
    const interrupted = new AbortController();
    const { openStowage, state } = fakeStowage({
      pull: (_reference, { signal } = {}) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
          interrupted.abort(new Interruption(name));
        }),
    });
    const { code, stderr } = await runCommand(['pull', 'busybox'], {
      openStowage,
      signal: interrupted.signal,
    });
    const kept = 'interrupted: what was downloaded is kept, and the next pull goes on from there\n';
    expect([code, stderr.text]).toEqual([expected, kept]);
    expect(state.closed).toBe(1);
  });

  it('ends waiting for a password', async () => {
    const interrupted = new AbortController();
    async function* never(): AsyncGenerator<string> {
      interrupted.abort(new Interruption('SIGINT'));
      await new Promise(() => undefined);
      yield '';
    }
    const args = ['tags', 'busybox', '--username', 'me', '--password-stdin'];
    const { code } = await runCommand(args, { stdin: never(), signal: interrupted.signal });
    expect(code).toBe(130);
  });
});

describe('standard output', () => {
  function tags(count: number) {
    return fakeStowage({
      tags: async function* () {
        for (let tag = 0; tag < count; tag += 1) {
          await Promise.resolve();
          yield `v${String(tag)}`;
        }
      },
    });
  }

  it('that nobody reads any more ends the command in silence', async () => {
    const { openStowage, state } = tags(1000);
    const stdout = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, callback) => {
        callback(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const environment = testEnvironment({ stdout, openStowage });
    expect(await run(['tags', 'busybox'], environment)).toBe(0);
    expect(environment.stderr.writableLength).toBe(0);
    expect(state.closed).toBe(1);
  });

  it('that fails otherwise fails the command', async () => {
    const { openStowage } = tags(1000);
    const stdout = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, callback) => {
        callback(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
      },
    });
    expect(await run(['tags', 'busybox'], testEnvironment({ stdout, openStowage }))).toBe(1);
  });

  it('that is slow is waited for', async () => {
    const { openStowage } = tags(50);
    let [waiting, most, written] = [0, 0, ''];
    const stdout = new Writable({
      highWaterMark: 1,
      decodeStrings: false,
      write: (chunk: string, _encoding, callback) => {
        waiting += 1;
        most = Math.max(most, waiting, stdout.writableLength);
        written += chunk;
        setImmediate(() => {
          waiting -= 1;
          callback();
        });
      },
    });
    expect(await run(['tags', 'busybox'], testEnvironment({ stdout, openStowage }))).toBe(0);
    expect(written.split('\n').length).toBe(51);
    // Never more than one line is held.
    expect(most).toBeLessThan(5);
  });
});
