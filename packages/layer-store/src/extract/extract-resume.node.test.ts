import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { streamOf } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { Layer } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf, tarOfLines, withTar } from '../test-support/layers.ts';
import { layersOf } from '../test-support/views.ts';
import { extract } from './extract.ts';
import type { ExtractOptions, ExtractProgress } from './extract-options.ts';

let folder: string;
let to: string;
let staging: string;

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'stowage-extract-'));
  to = join(folder, 'root');
  staging = join(folder, '.root.extracting');
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

function read(path: string): string {
  return fs.readFileSync(join(to, path), 'utf8');
}

describe('an extraction that is interrupted', () => {
  const lines = [
    ['a = first', 'gone = x'],
    ['b = second', 'c = third', 'd/e = fourth'],
    ['.wh.gone', 'l -> a', 'h => b', 'z = last'],
  ];

  async function interruptAt(done: number): Promise<Layer[]> {
    const layers = await layersOf(...lines.map((list) => tarOfLines(list)));
    const controller = new AbortController();
    const reason = new Error('enough');
    const { signal } = controller;
    const onProgress = (step: ExtractProgress): void => {
      if (step.layers === done && step.bytes > 0) controller.abort(reason);
    };
    // Layers are written side by side: those that are not to be done wait for the end.
    const end = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(reason);
      });
    });
    end.catch(() => undefined);
    const held = layers.map((layer, index) =>
      index >= Math.max(done, 1) ? withTar(layer, () => end) : layer,
    );
    await expect(extract(held, { to, onProgress, signal })).rejects.toBe(reason);
    expect(fs.existsSync(to)).toBe(false);
    expect(fs.readdirSync(staging).sort()).toEqual(['root', 'state']);
    expect(fs.statSync(staging).mode & 0o777).toBe(0o700);
    return layers;
  }

  it.each([0, 1, 2, 3])('goes on with the first layer that was not done: %i', async (done) => {
    const layers = await interruptAt(done);
    const fail = (): Promise<never> => Promise.reject(new Error('read again'));
    const rest = layers.map((layer, index) => (index < done ? withTar(layer, fail) : layer));
    const { resumedLayers } = await extract(rest, { to });
    expect(resumedLayers).toBe(done);
    expect(fs.readdirSync(to).sort()).toEqual(['a', 'b', 'c', 'd', 'h', 'l', 'z']);
    expect(['a', 'b', 'c', 'd/e', 'h', 'l'].map(read)).toEqual([
      'first',
      'second',
      'third',
      'fourth',
      'second',
      'first',
    ]);
    expect(fs.existsSync(staging)).toBe(false);
  });

  it('goes on where links and the ends of directories were being made', async () => {
    const layers = await interruptAt(2);
    const root = join(staging, 'root');
    fs.writeFileSync(
      join(staging, 'state'),
      fs.readFileSync(join(staging, 'state'), 'utf8').replace('"done":2', '"done":3'),
    );
    fs.symlinkSync('elsewhere', join(root, 'l'));
    fs.chmodSync(join(root, 'd'), 0);
    expect((await extract(layers, { to })).resumedLayers).toBe(3);
    expect(fs.readlinkSync(join(to, 'l'))).toBe('a');
    expect(fs.statSync(join(to, 'd')).mode & 0o777).toBe(0o755);
  });

  it('begins anew for other layers, other options, and a state that makes no sense', async () => {
    const layers = await interruptAt(2);
    const fresh = async (options: Partial<ExtractOptions> = {}, stack = layers): Promise<number> => {
      const { resumedLayers } = await extract(stack, { to, ...options });
      fs.rmSync(to, { recursive: true });
      return resumedLayers;
    };
    expect(await fresh({}, layers.slice(0, 2))).toBe(0);
    await interruptAt(2);
    expect(await fresh({ specialFiles: 'mknod' })).toBe(0);
    for (const state of ['', '{', 'null', '{"version":1}', '['.repeat(100_000)]) {
      await interruptAt(2);
      fs.writeFileSync(join(staging, 'state'), state);
      expect([state, await fresh()]).toEqual([state, 0]);
    }
    await interruptAt(2);
    fs.rmSync(join(staging, 'state'));
    expect(await fresh()).toBe(0);
  });

  it('makes anew what was done of layers above one that was not', async () => {
    const layers = await layersOf(...lines.map((list) => tarOfLines(list)));
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('enough');
    const above = join(staging, 'root', 'b');
    const held = layers.map((layer, index) => {
      if (index > 0) return layer;
      return withTar(layer, async () => {
        await expect.poll(() => fs.existsSync(above) && fs.statSync(above).size).toBe('second'.length);
        controller.abort(reason);
        throw reason;
      });
    });
    await expect(extract(held, { to, signal })).rejects.toBe(reason);
    fs.writeFileSync(above, 'half done');
    expect((await extract(layers, { to })).resumedLayers).toBe(0);
    expect(['a', 'b', 'c', 'd/e', 'h', 'z'].map(read)).toEqual([
      'first',
      'second',
      'third',
      'fourth',
      'second',
      'last',
    ]);
  });

  it('keeps what it has when the disk fails, and removes what is of no use', async () => {
    const [base, middle, top] = await layersOf(...lines.map((list) => tarOfLines(list)));
    if (base === undefined || middle === undefined || top === undefined) throw new Error('three layers');
    const fail = (error: Error) => (): Promise<never> => Promise.reject(error);
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    const error: unknown = await extract([base, withTar(middle, fail(full)), top], { to }).catch(
      (reason: unknown) => reason,
    );
    expect(isStowageError(error, 'STORAGE') && [error.reason, error.retryable]).toEqual(['ENOSPC', true]);
    expect(fs.existsSync(staging)).toBe(true);
    const other = streamOf(tarOfLines(['other = 1']));
    const changed = withTar(middle, () => Promise.resolve(other));
    expect(await codeOf(extract([base, changed, top], { to }))).toBe('DATA_LOSS');
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('is not disturbed by another one to the same target', async () => {
    const layers = await layersOf(tarOfLines(['a = 1']));
    const results = await Promise.all([codeOf(extract(layers, { to })), codeOf(extract(layers, { to }))]);
    expect(results.sort()).toEqual(['UNAVAILABLE', undefined]);
    const second = join(folder, 'second');
    const stale = join(folder, '.second.extracting');
    fs.mkdirSync(stale, { mode: 0o700 });
    fs.writeFileSync(join(stale, 'lock'), '1');
    expect(await codeOf(extract(layers, { to: second }))).toBe('UNAVAILABLE');
    const dead = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' });
    for (const owner of [dead, String(process.pid), 'nonsense']) {
      fs.mkdirSync(stale, { mode: 0o700, recursive: true });
      fs.writeFileSync(join(stale, 'lock'), owner);
      expect(await codeOf(extract(layers, { to: second }))).toBeUndefined();
      fs.rmSync(second, { recursive: true });
    }
  });
});
