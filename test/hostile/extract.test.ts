import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTarWriter, streamOf } from '@stowage/core';
import type { TarEntryInit } from '@stowage/core';
import { openLayerStore } from '@stowage/layer-store';
import { extract } from '@stowage/layer-store/node';
import type { ExtractOptions } from '@stowage/layer-store/node';
import { createMemoryStorage } from '@stowage/storage';
import { isStowageError } from '@stowage/types';
import type { Layer } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listDirectory } from '../support/listed-directory.ts';

// Layers made to write, read or change something outside of the directory that they are extracted to. The rows are those
// of the table of past advisories in the security notes.

type Entry = TarEntryInit & { readonly text?: string };

const MIB = 1 << 20;
const SECRET = 'of the host';

/** Has the target in it, and things beside it that must stay as they are. */
let folder: string;
let to: string;

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'stowage-hostile-'));
  to = join(folder, 'to/root');
  fs.mkdirSync(join(folder, 'outside'));
  fs.writeFileSync(join(folder, 'outside/secret'), SECRET, { mode: 0o600 });
  fs.utimesSync(join(folder, 'outside/secret'), 1, 1);
});

afterEach(() => {
  expectUntouched();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Nothing beside the target has come, gone or changed. */
function expectUntouched(): void {
  expect(fs.readdirSync(folder).filter((name) => name !== 'to')).toEqual(['outside']);
  expect(fs.readdirSync(join(folder, 'outside'))).toEqual(['secret']);
  const secret = join(folder, 'outside/secret');
  expect(fs.readFileSync(secret, 'utf8')).toBe(SECRET);
  const { mode, mtimeMs, nlink, uid } = fs.statSync(secret);
  expect([mode & 0o7777, mtimeMs, nlink, uid]).toEqual([0o600, 1000, 1, process.geteuid?.()]);
}

function tarOf(entries: readonly Entry[]): Uint8Array {
  const writer = createTarWriter();
  const parts = entries.flatMap(({ text = '', ...init }) => writer.entry(init, Buffer.from(text)));
  return Buffer.concat([...parts, writer.end()]);
}

async function layersOf(...stack: readonly (readonly Entry[])[]): Promise<Layer[]> {
  const store = await openLayerStore({ storage: createMemoryStorage() });
  const layers: Layer[] = [];
  for (const entries of stack)
    layers.push(await store.register(streamOf(tarOf(entries)), layers.at(-1)?.chainId));
  return layers;
}

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
  return codeOf(await layersOf(...stack));
}

/** What is in the target; links are not followed. */
function found(): string[] {
  const names = [...listDirectory(to).keys()].slice(1);
  return names.map((name) => Buffer.from(name, 'hex').toString()).sort();
}

/** Ways to a file outside, as links have them. */
const waysOut = (): readonly string[] => [
  join(folder, 'outside'),
  '../../outside',
  '../'.repeat(30) + join(folder, 'outside').slice(1),
  `/proc/self/root${join(folder, 'outside')}`,
];

describe('rows 3, 31 and 40: entries behind links that lead out', () => {
  it('are written where the link leads inside the image', async () => {
    for (const linkname of waysOut()) {
      const link = { name: 'out', type: 'symlink', linkname } as const;
      const behind = [
        { name: 'out/secret', text: 'written' },
        { name: 'out/dir/', type: 'dir' },
      ] as const;
      for (const stack of [[[link, ...behind]], [[link], behind], [[link], [], behind]]) {
        expect([linkname, await extractStack(...stack)]).toEqual([linkname, undefined]);
        expectUntouched();
        expect(fs.readlinkSync(join(to, 'out'))).toBe(linkname);
        expect(found().filter((path) => path.endsWith('/secret')).length).toBe(1);
        fs.rmSync(to, { recursive: true });
      }
    }
  });

  it('lead nowhere by chains of links, or by links to links in other layers', async () => {
    const [out = ''] = waysOut();
    const chain: Entry[] = [
      { name: 'a', type: 'symlink', linkname: 'b' },
      { name: 'b', type: 'symlink', linkname: 'c/d' },
      { name: 'c', type: 'symlink', linkname: '.' },
      { name: 'd', type: 'symlink', linkname: out },
    ];
    expect(await extractStack(chain, [{ name: 'a/secret', text: 'written' }])).toBeUndefined();
    const inside = join(to, out, 'secret');
    expect(fs.readFileSync(inside, 'utf8')).toBe('written');
  });

  it('do not lead whiteouts out', async () => {
    const [out = ''] = waysOut();
    const link = { name: 'out', type: 'symlink', linkname: out } as const;
    expect(
      await extractStack([link], [{ name: 'out/.wh.secret' }, { name: 'out/.wh..wh..opq' }]),
    ).toBeUndefined();
    expect(found()).toEqual(['out']);
  });
});

describe('row 12 (CVE-2021-29136): an entry that takes the place of the root', () => {
  it('never comes as far as to be extracted; names that climb stay inside', async () => {
    const names = [{ name: '../../outside/secret', text: 'written' }, { name: '/../x' }];
    expect(await extractStack(names)).toBeUndefined();
    expect(found()).toEqual(['outside', 'outside/secret', 'x']);
  });

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

describe('row 20 (CVE-2024-9676): reading files of the host', () => {
  it('is done by no link: contents come from the layers alone', async () => {
    const secret = join(folder, 'outside/secret');
    expect(
      await extractStack(
        [{ name: 'copy', type: 'symlink', linkname: secret }],
        [{ name: 'copy', text: 'mine' }],
      ),
    ).toBeUndefined();
    expect(fs.readFileSync(join(to, 'copy'), 'utf8')).toBe('mine');
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
      [{ name: 'link', type: 'symlink', linkname: '/etc' }, ...many],
      many.slice(3),
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
    const layers = await layersOf([{ name: 'first', text: '1' }], [{ name: 'victim', text: 'written' }]);
    const victim = join(folder, 'to/.root.extracting/root/victim');
    const onProgress = (step: { readonly layers: number }): void => {
      if (step.layers === 1 && !fs.existsSync(victim)) fs.symlinkSync(join(folder, 'outside/new'), victim);
    };
    expect(await codeOf(layers, { onProgress })).toBe('INVALID_ARCHIVE');
  });
});

describe('rows 31, 37 and 39: hard links to files outside', () => {
  it('are refused: a target is looked for in the image alone', async () => {
    for (const way of [...waysOut().map((out) => `${out}/secret`), 'outside/secret']) {
      const hard = { name: 'hard', type: 'hardlink', linkname: way } as const;
      expect([way, await extractStack([hard])]).toEqual([way, 'INVALID_ARCHIVE']);
      expect([way, await extractStack([{ name: 'x' }], [hard])]).toEqual([way, 'INVALID_ARCHIVE']);
    }
  });

  it('do not follow links of the image to outside, and write nothing through them', async () => {
    const [out = ''] = waysOut();
    const link = { name: 'out', type: 'symlink', linkname: out } as const;
    const hard = { name: 'hard', type: 'hardlink', linkname: 'out/secret' } as const;
    expect(await extractStack([link, hard])).toBe('INVALID_ARCHIVE');
    const [alias, written] = [
      { name: 'alias', type: 'hardlink', linkname: 'file' } as const,
      { name: 'alias', text: 'written' },
    ];
    const file = { name: 'file', type: 'symlink', linkname: `${out}/secret` } as const;
    expect(await extractStack([file, alias, written])).toBeUndefined();
    expect(fs.readFileSync(join(to, 'alias'), 'utf8')).toBe('written');
  });

  it('do not take the working directory for the root', async () => {
    const cwd = process.cwd();
    const hard = { name: 'hard', type: 'hardlink', linkname: 'package.json' } as const;
    expect(fs.existsSync(join(cwd, 'package.json'))).toBe(true);
    expect(await extractStack([hard])).toBe('INVALID_ARCHIVE');
  });
});

describe('rows 36 and 38: directories that become links, and names that look alike', () => {
  it('keeps no memory of a directory that is a link by now', async () => {
    const [out = ''] = waysOut();
    const stack: Entry[][] = [
      [
        { name: 'd/', type: 'dir' },
        { name: 'd/a', text: '1' },
        { name: 'd', type: 'symlink', linkname: out },
        { name: 'd/secret', text: '2' },
      ],
      [{ name: 'd/secret', text: '3' }],
    ];
    expect(await extractStack(...stack)).toBeUndefined();
    expect(fs.lstatSync(join(to, 'd')).isSymbolicLink()).toBe(true);
    expect(fs.readFileSync(join(to, out, 'secret'), 'utf8')).toBe('3');
  });

  it('keeps names apart that differ in case, in composition or by a backslash, or fails', async () => {
    const names = ['é', 'e\u0301', 'ß', 'ss', 'SS', 'A', 'a', 'a\\b', 'ﬀ', 'ff', 'caf\udce9', 'caf\udce8'];
    const code = await extractStack(names.map((name, n) => ({ name, text: String(n) })));
    // A file system that takes two of them for one cannot have the image.
    if (code !== undefined) expect(code).toBe('INVALID_ARCHIVE');
    else expect(fs.readdirSync(to, { encoding: 'buffer' }).length).toBe(names.length);
  });
});

describe('row 41: what asks for too much', () => {
  it('is refused before anything is written', async () => {
    const deep = Array.from({ length: 40 }, (_, n) => ({ name: `${'d/'.repeat(n * 40)}f` }));
    expect(await codeOf(await layersOf(deep), { limits: { maxPathLength: 1000 } })).toBe('LIMIT_EXCEEDED');
    const huge = [
      { name: 'a', text: 'x'.repeat(1000) },
      { name: 'b', text: 'x'.repeat(1000) },
    ];
    expect(await codeOf(await layersOf(huge), { limits: { maxBytes: 1999 } })).toBe('LIMIT_EXCEEDED');
    expect(await codeOf(await layersOf(huge), { limits: { maxEntries: 1 } })).toBe('LIMIT_EXCEEDED');
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

describe('row 42: names on which readers differ', () => {
  it('are on disk what the tar header says to us, and nothing is called that the view has not', async () => {
    const names = ['a//b', './c/./d', 'e/', 'f\\g', ' h', 'i ', '-rf', '~', '$(x)', 'j\nk'];
    expect(
      await extractStack(names.map((name) => ({ name, type: name.endsWith('/') ? 'dir' : 'file' }) as const)),
    ).toBeUndefined();
    expect(fs.readdirSync(to).sort()).toEqual([
      ' h',
      '$(x)',
      '-rf',
      'a',
      'c',
      'e',
      'f\\g',
      'i ',
      'j\nk',
      '~',
    ]);
  });
});

describe('row 46 (ggcr#2329): names of Windows', () => {
  it('are plain names elsewhere', async () => {
    expect(
      await extractStack([{ name: '..\\..\\outside\\secret', text: 'written' }, { name: 'C:\\x' }]),
    ).toBeUndefined();
    expect(found()).toEqual(['..\\..\\outside\\secret', 'C:\\x']);
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
    expect(found()).toEqual(['f']);
    expect(spawnSync('true').status).toBe(0);
  });
});
