import { describe, expect, it } from 'vitest';
import { phaseOf } from './progress-phase.ts';

describe('phaseOf', () => {
  it.each([
    ['Pulling fs layer', 'queued'],
    ['Preparing', 'queued'],
    ['Waiting', 'queued'],
    ['Downloading', 'downloading'],
    ['Verifying Checksum', 'verifying'],
    ['Download complete', 'downloaded'],
    ['Extracting', 'extracting'],
    ['Loading layer', 'extracting'],
    ['Pull complete', 'done'],
    ['Already exists', 'existing'],
    ['Layer already exists', 'existing'],
    ['Skipped foreign layer', 'existing'],
    ['Mounted from library/busybox', 'existing'],
    ['Pushing', 'uploading'],
    ['Pushed', 'done'],
    ['Retrying in 1 second', 'retrying'],
    ['Retrying in 10 seconds', 'retrying'],
    ['downloading', undefined],
    ['toString', undefined],
    ['', undefined],
  ])('%s is %s', (action, expected) => {
    expect(phaseOf({ action })).toBe(expected);
  });

  it('believes what a step says of itself', () => {
    expect(phaseOf({ action: 'Waiting', phase: 'done' })).toBe('done');
    expect(phaseOf({})).toBeUndefined();
  });
});
