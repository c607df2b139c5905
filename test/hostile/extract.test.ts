import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { createTarWriter, streamOf } from '@stowage/core';
import { openLayerStore } from '@stowage/layer-store';
import { extract } from '@stowage/layer-store/node';
import type { ExtractOptions } from '@stowage/layer-store/node';
import { createMemoryStorage } from '@stowage/storage';
import { isStowageError } from '@stowage/types';
import type { Layer } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { layersOf } from '../../packages/layer-store/src/test-support/views.ts';
import { layer } from './archives/hostile-image.ts';
import type { Entry } from './archives/hostile-image.ts';
import { makeOutside } from './support/outside.ts';
import type { Outside } from './support/outside.ts';

// Extraction, of what the images of the corpus (`archives/`) are not enough to show. The rows are those of the table of
// past advisories in the security notes.

const MIB = 1 << 20;

let outside: Outside;
/** Has the target in it, and things beside it that must stay as they are. */
let folder: string;
let to: string;

beforeEach(() => {
  outside = makeOutside();
  ({ folder, to } = outside);
});

afterEach(() => {
  outside.expectUntouched();
  outside.remove();
});

/** Extracts; answers the code of the error, `undefined` where there is none. What fails leaves nothing behind. */
async function codeOf(
  layers: readonly Layer[],
  options: Partial<ExtractOptions> = {},
): Promise<string | undefined> {
  try {
    await extract(layers, { to, ...options });
  } catch (error) {
    if (fs.existsSync(join(folder, 'to'))) expect(fs.readdirSync(join(folder, 'to'))).toEqual([]);
    return isStowageError(error) ? error.code : String(error);
  }
  return undefined;
}

async function extractStack(...stack: readonly (readonly Entry[])[]): Promise<string | undefined> {
  return codeOf(await layersOf(...stack.map((entries) => layer(...entries))));
}

describe('row 12 (CVE-2021-29136): an entry that takes the place of the root', () => {
  it('as a directory sets what is known of the root, not of what is there already', async () => {
    expect(await extractStack([{ name: '../', type: 'dir', mode: 0o711 }])).toBeUndefined();
    expect(fs.statSync(to).mode & 0o7777).toBe(0o711);
    expect(fs.statSync(join(folder, 'to')).mode & 0o7777).not.toBe(0o711);
  });
});

describe('row 13 (CVE-2021-32760): modes, times and owners through links', () => {
  it('are never set on what a link leads to', async () => {
    const secret = join(folder, 'outside/secret');
    const link = {
      name: 'link',
      type: 'symlink',
      linkname: secret,
      mode: 0o777,
      mtime: 99,
      uid: 1234,
      gid: 1234,
    } as const;
    expect(
      await extractStack(
        [link, { name: 'hard', type: 'hardlink', linkname: 'link', mode: 0o666, mtime: 98, uid: 1234 }],
        [{ ...link, name: 'again' }],
      ),
    ).toBeUndefined();
    expect(fs.lstatSync(join(to, 'link')).mtimeMs).toBe(99_000);
    expect(fs.readlinkSync(join(to, 'hard'))).toBe(secret);
  });
});

describe('row 22 (CVE-2025-47290): somebody who changes the directory while it is written', () => {
  it('finds a directory that only its owner can enter, without a link until all is written', async () => {
    const modes = new Set<number>();
    const links: string[] = [];
    const stagingRoot = join(folder, 'to/.root.extracting/root');
    const many = Array.from({ length: 200 }, (_, n) => ({
      name: `d${String(n % 9)}/f${String(n)}`,
      text: 'x'.repeat(5000),
    }));
    const layers = await layersOf(
      layer({ name: 'link', type: 'symlink', linkname: '/etc' }, ...many),
      layer(...many.slice(3)),
    );
    const onProgress = (): void => {
      modes.add(fs.statSync(join(stagingRoot, '..')).mode & 0o7777);
      for (const path of fs.readdirSync(stagingRoot, { recursive: true, encoding: 'utf8' })) {
        if (fs.lstatSync(join(stagingRoot, path)).isSymbolicLink()) links.push(path);
      }
    };
    expect(await codeOf(layers, { onProgress })).toBeUndefined();
    expect([...modes]).toEqual([0o700]);
    expect(links).toEqual([]);
  });

  it('does not get files written through a link that is put in their place', async () => {
    const layers = await layersOf(
      layer({ name: 'first', text: '1' }),
      layer({ name: 'victim', text: 'written' }),
    );
    const victim = join(folder, 'to/.root.extracting/root/victim');
    let planted = false;
    const onProgress = (): void => {
      if (!planted) fs.symlinkSync(join(folder, 'outside/new'), victim);
      planted = true;
    };
    expect(await codeOf(layers, { onProgress })).toBe('INVALID_ARCHIVE');
  });
});

describe('row 31 (CVE-2026-50163): a hard link to what is in the working directory', () => {
  it('is refused', async () => {
    const cwd = process.cwd();
    const hard = { name: 'hard', type: 'hardlink', linkname: 'package.json' } as const;
    expect(fs.existsSync(join(cwd, 'package.json'))).toBe(true);
    expect(await extractStack([hard])).toBe('INVALID_ARCHIVE');
  });
});

describe('row 41: what asks for too much', () => {
  it('is refused before anything is written', async () => {
    const deep = Array.from({ length: 40 }, (_, n) => ({ name: `${'d/'.repeat(n * 40)}f` }));
    expect(await codeOf(await layersOf(layer(...deep)), { limits: { maxPathLength: 1000 } })).toBe(
      'LIMIT_EXCEEDED',
    );
    const huge = [
      { name: 'a', text: 'x'.repeat(1000) },
      { name: 'b', text: 'x'.repeat(1000) },
    ];
    expect(await codeOf(await layersOf(layer(...huge)), { limits: { maxBytes: 1999 } })).toBe(
      'LIMIT_EXCEEDED',
    );
    expect(await codeOf(await layersOf(layer(...huge)), { limits: { maxEntries: 1 } })).toBe(
      'LIMIT_EXCEEDED',
    );
  });

  it('takes no memory for the content of files', async () => {
    const store = await openLayerStore({ storage: createMemoryStorage() });
    const writer = createTarWriter();
    const piece = new Uint8Array(MIB);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (let n = 0; n < 200; n += 1) controller.enqueue(piece);
        controller.close();
      },
    });
    const parts: Uint8Array[] = [];
    for await (const part of writer.stream({ name: 'large', size: 200 * MIB }, body)) parts.push(part);
    const layer = await store.register(streamOf(...parts, writer.end()));
    let most = 0;
    const before = process.memoryUsage().rss;
    const onProgress = (): void => {
      most = Math.max(most, process.memoryUsage().rss - before);
    };
    expect(await codeOf([layer], { onProgress })).toBeUndefined();
    expect(fs.statSync(join(to, 'large')).size).toBe(200 * MIB);
    expect(most).toBeLessThan(96 * MIB);
  });
});

describe('row 3 (CVE-2014-9357): helper programs', () => {
  it('are not run unless asked for', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = join(folder, 'nowhere');
    try {
      expect(
        await extractStack([
          { name: 'fifo', type: 'fifo' },
          { name: 'f', text: 'x' },
        ]),
      ).toBeUndefined();
    } finally {
      process.env['PATH'] = path;
    }
    expect(fs.readdirSync(to)).toEqual(['f']);
    expect(spawnSync('true').status).toBe(0);
  });
});
