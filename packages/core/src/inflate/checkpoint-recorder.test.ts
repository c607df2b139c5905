import { describe, expect, it } from 'vitest';
import { CheckpointRecorder } from './checkpoint-recorder.ts';
import type { InflateEngine } from './inflate-engine.ts';

/** As far as a recorder asks it. */
const ENGINE = {
  window: () => new Uint8Array(1),
  watch: () => undefined,
  used: () => new Uint8Array(32_768),
} as unknown as InflateEngine;

describe('CheckpointRecorder', () => {
  it('keeps every second one, and takes fewer from then on, where there would be too many', () => {
    const recorder = new CheckpointRecorder(ENGINE, { checkpointEvery: 100_000, onOutput: () => undefined });
    let out = 0;
    let most = 0;
    for (let turn = 0; turn < 6000; turn++) {
      out += recorder.stopAfter(out);
      recorder.add({ in: out / 2, bits: 0, out });
      most = Math.max(most, recorder.checkpoints.length);
    }
    expect(most).toBe(2048);
    const gaps = recorder.checkpoints.map((at, n) => at.out - (recorder.checkpoints[n - 1]?.out ?? 0));
    expect(new Set(gaps)).toEqual(new Set([1_600_000]));
    expect(recorder.stopAfter(out)).toBe(1_600_000);
  });
});
