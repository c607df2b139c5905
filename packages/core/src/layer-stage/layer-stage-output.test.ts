import { describe, expect, it } from 'vitest';
import { LayerOutput } from './layer-stage-output.ts';

/** Gives pieces from one buffer, which is overwritten after each call, as a decoder does. */
function giveAll(output: LayerOutput, pieces: readonly (readonly number[])[]): void {
  const buffer = new Uint8Array(8);
  for (const piece of pieces) {
    buffer.set(piece);
    output.give(buffer.subarray(0, piece.length));
    buffer.fill(0xff);
  }
}

const PIECES = [[1], [2, 3], [4], [5, 6, 7], [8]] as const;

describe('LayerOutput', () => {
  it('hands bytes on as they are to a taker that is done when it returns', () => {
    const taken: number[][] = [];
    const buffers = new Set<unknown>();
    const output = new LayerOutput((bytes) => {
      taken.push([...bytes]);
      buffers.add(bytes.buffer);
    });
    giveAll(output, PIECES);
    expect(taken).toEqual(PIECES);
    expect(output.pending).toBeUndefined();
    // All but the first, of which it was not known yet.
    expect(buffers.size).toBe(2);
  });

  it('keeps bytes for a taker that needs time, gives it one piece at a time, and recycles', async () => {
    const taken: number[][] = [];
    const buffers = new Set<unknown>();
    let busy = false;
    const output = new LayerOutput(async (bytes) => {
      expect(busy).toBe(false);
      busy = true;
      buffers.add(bytes.buffer);
      for (let turns = 0; turns < 3; turns += 1) await Promise.resolve();
      taken.push([...bytes]);
      busy = false;
    });
    giveAll(output, PIECES);
    expect(taken).toEqual([]);
    await output.pending;
    expect(output.pending).toBeUndefined();
    giveAll(output, PIECES);
    await output.pending;
    expect(taken).toEqual([...PIECES, ...PIECES]);
    expect(buffers.size).toBe(6);
  });

  it('holds the rest up for a taker that needs time once', async () => {
    const taken: number[][] = [];
    let calls = 0;
    const output = new LayerOutput((bytes): void | Promise<void> => {
      taken.push([...bytes]);
      calls += 1;
      return calls === 2 ? Promise.resolve() : undefined;
    });
    giveAll(output, PIECES);
    expect(taken).toEqual(PIECES.slice(0, 2));
    await output.pending;
    expect(taken).toEqual(PIECES);
  });

  it('tells whoever waits of a failure, and forgets the rest when asked to', async () => {
    const problem = new Error('disk full');
    const output = new LayerOutput(() => Promise.reject(problem));
    giveAll(output, PIECES);
    await expect(output.pending).rejects.toBe(problem);
    let calls = 0;
    const forgetful = new LayerOutput(() => {
      calls += 1;
      return Promise.resolve();
    });
    giveAll(forgetful, PIECES);
    forgetful.clear();
    await forgetful.pending;
    expect(calls).toBe(1);
  });

  it('makes a bigger buffer where no spare one is big enough', async () => {
    const lengths: number[] = [];
    const output = new LayerOutput((bytes) => {
      lengths.push(bytes.length);
      return Promise.resolve();
    });
    for (const length of [1, 200_000, 100_000, 3]) {
      output.give(new Uint8Array(length));
      await output.pending;
    }
    expect(lengths).toEqual([1, 200_000, 100_000, 3]);
  });
});
