import type { Progress } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createProgressDisplay } from './progress-display.ts';
import type { ProgressFlags } from './progress-display.ts';
import { TerminalProgress } from './terminal-progress.ts';
import { CapturedStream } from './test-support/captured-stream.ts';
import type { CapturedStreamInit } from './test-support/captured-stream.ts';

const STEPS: readonly Progress[] = [
  { id: 'latest', message: 'Pulling from library/busybox' },
  { id: 'aaa', action: 'Pulling fs layer', phase: 'queued' },
  { id: 'aaa', action: 'Downloading', current: 1, total: 2, phase: 'downloading' },
  { id: 'aaa', action: 'Downloading', current: 2, total: 2, phase: 'downloading' },
  { id: 'aaa', action: 'Download complete', phase: 'downloaded' },
  { id: 'aaa', action: 'Download complete', phase: 'downloaded' },
  { id: 'aaa', action: 'Pull complete', phase: 'done' },
  { id: '', message: 'Digest: sha256:0' },
];

function show(stream: CapturedStream, flags: { json?: boolean; quiet?: boolean }, steps = STEPS): string {
  const display = createProgressDisplay(stream, flags);
  for (const step of steps) display.update(step);
  display.finish();
  return stream.text;
}

describe('progress', () => {
  it('that goes to a file is plain lines, one for each change of words', () => {
    expect(show(new CapturedStream(), {})).toBe(
      [
        'latest: Pulling from library/busybox',
        'aaa: Pulling fs layer',
        'aaa: Download complete',
        'aaa: Pull complete',
        'Digest: sha256:0',
        '',
      ].join('\n'),
    );
  });

  it('counts down in plain lines', () => {
    const steps = [2, 1].map((left) => ({ id: 'aaa', action: `Retrying in ${String(left)} seconds` }));
    expect(show(new CapturedStream(), {}, steps)).toBe(
      'aaa: Retrying in 2 seconds\naaa: Retrying in 1 seconds\n',
    );
  });

  it('cannot command a terminal', () => {
    const steps = [{ id: 'a\u001b', message: 'b\nc' }];
    expect(show(new CapturedStream(), {}, steps)).toBe('a\\x1b: b\\x0ac\n');
  });

  it('is JSON lines with --json, on a terminal too', () => {
    const stream = new CapturedStream({ isTTY: true });
    show(stream, { json: true });
    expect(stream.lines.length).toBe(STEPS.length);
    expect(stream.lines.map((line) => JSON.parse(line) as unknown)[2]).toMatchObject({
      status: 'Downloading',
      progressDetail: { current: 1, total: 2 },
      id: 'aaa',
    });
  });

  it('is nothing with --quiet', () => {
    expect(show(new CapturedStream({ isTTY: true }), { quiet: true })).toBe('');
  });

  it('tells of the whole on terminals alone', () => {
    const told = (init: CapturedStreamInit, flags: ProgressFlags = {}): boolean =>
      createProgressDisplay(new CapturedStream(init), flags).observe !== undefined;
    const terminal = { isTTY: true };
    expect(told(terminal)).toBe(true);
    expect([told({}), told(terminal, { json: true }), told(terminal, { quiet: true })]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('is drawn on a terminal', () => {
    expect(createProgressDisplay(new CapturedStream({ isTTY: true }), {})).toBeInstanceOf(TerminalProgress);
  });
});
