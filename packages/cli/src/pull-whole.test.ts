import type { PullOptions, PullResult, Stowage } from 'stowage';
import { describe, expect, it } from 'vitest';
import { CapturedStream } from './test-support/captured-stream.ts';
import { runCommand } from './test-support/run-command.ts';

/** Pulls from a store that only notes how it is asked to, and answers whether it is to tell of the whole. */
async function asksForWhole(isTTY: boolean, ...flags: readonly string[]): Promise<boolean> {
  let asked: PullOptions | undefined;
  const store: Pick<Stowage, 'pull' | 'close'> = {
    pull: (reference, options) => {
      asked = options;
      const result: Partial<PullResult> = { reference };
      return Promise.resolve(result as PullResult);
    },
    close: () => Promise.resolve(),
  };
  const stdout = new CapturedStream({ isTTY });
  const openStowage = (): Promise<Stowage> => Promise.resolve(store as Stowage);
  const { code, stderr } = await runCommand(['pull', 'localhost/app:v1', ...flags], { stdout, openStowage });
  expect([code, stderr.text]).toEqual([0, '']);
  return asked?.onSnapshot !== undefined;
}

describe('a pull', () => {
  it('asks for the whole on a terminal alone, and not with --json or --quiet', async () => {
    expect(await asksForWhole(true)).toBe(true);
    expect(await asksForWhole(false)).toBe(false);
    expect(await asksForWhole(true, '--json')).toBe(false);
    expect(await asksForWhole(true, '--quiet')).toBe(false);
  });
});
