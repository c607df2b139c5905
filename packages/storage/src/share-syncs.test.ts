import { describe, expect, it } from 'vitest';
import { shareSyncs } from './share-syncs.ts';

interface Run {
  readonly path: string;
  succeed(): void;
  fail(error: Error): void;
}

/** Syncs that end when they are told to. */
function scripted(): { readonly runs: Run[]; readonly sync: (path: string) => Promise<void> } {
  const runs: Run[] = [];
  const sync = shareSyncs(
    (path) =>
      new Promise((resolve, reject) => {
        runs.push({ path, succeed: resolve, fail: reject });
      }),
  );
  return { runs, sync };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe('shareSyncs', () => {
  it('runs one at once, and one more for all who ask while it runs', async () => {
    const { runs, sync } = scripted();
    const ended: number[] = [];
    const asked = [0, 1, 2].map((index) => sync('a').then(() => ended.push(index)));
    expect(runs.length).toBe(1);
    runs[0]?.succeed();
    await turn();
    expect([ended, runs.length]).toEqual([[0], 2]);
    const late = sync('a');
    runs[1]?.succeed();
    await Promise.all(asked);
    await turn();
    expect([ended, runs.length]).toEqual([[0, 1, 2], 3]);
    runs[2]?.succeed();
    await late;
    const again = sync('a');
    expect(runs.length).toBe(4);
    runs[3]?.succeed();
    await again;
  });

  it('knows directories apart', async () => {
    const { runs, sync } = scripted();
    const both = Promise.all([sync('a'), sync('b')]);
    expect(runs.map(({ path }) => path)).toEqual(['a', 'b']);
    for (const run of runs) run.succeed();
    await both;
  });

  it('fails for those only whose sync has failed', async () => {
    const { runs, sync } = scripted();
    const error = new Error('the disk is gone');
    const first = sync('a');
    const second = sync('a');
    runs[0]?.fail(error);
    await expect(first).rejects.toBe(error);
    await turn();
    runs[1]?.succeed();
    await second;
  });
});
