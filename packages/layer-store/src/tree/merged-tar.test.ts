import { collect, createTarWriter, readTar, streamOf } from '@stowage/core';
import type { TarHeader } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { isStowageError } from '@stowage/types';
import type { Bytes, ChainID, Layer, LayerStore } from '@stowage/types';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_LAYER } from '../content/empty-layer.ts';
import { openImageView } from '../view/image-view.ts';
import { openLayerStore } from '../store/layer-store.ts';
import { codeOf, LINE, tarOfLines, withContent } from '../test-support/layers.ts';

const MAX = { maxBytes: 1 << 22 };
const encoder = new TextEncoder();
let store: LayerStore;

beforeEach(async () => {
  store = await openLayerStore({ storage: createMemoryStorage() });
});

/** Registers layers on top of one another; answers them base first. */
async function stackOf(...stack: readonly (readonly string[])[]): Promise<[Layer, ...Layer[]]> {
  const layers: Layer[] = [];
  for (const lines of stack) {
    layers.push(await store.register(streamOf(tarOfLines(lines)), layers.at(-1)?.chainId));
  }
  return layers as [Layer, ...Layer[]];
}

async function bytesFrom(layer: Layer | undefined, parent?: ChainID): Promise<Bytes> {
  return collect((await layer?.tarStreamFrom(parent)) ?? streamOf(), MAX);
}

async function headersIn(tar: Bytes): Promise<TarHeader[]> {
  const headers: TarHeader[] = [];
  const reader = streamOf(tar).pipeThrough(readTar()).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read())
    headers.push(next.value.header);
  return headers;
}

async function linesIn(tar: Bytes): Promise<string[]> {
  return (await headersIn(tar)).map(({ name, type, linkname }) =>
    linkname === undefined ? name : `${name} ${type === 'symlink' ? '->' : '=>'} ${linkname}`,
  );
}

/** All that can be seen of stacked layers: names, kinds, modes, contents. */
async function seenIn(layers: readonly Layer[]): Promise<unknown[]> {
  const view = await openImageView(layers);
  const seen: unknown[] = [];
  for (const entry of view.walk()) {
    const { path } = entry;
    // A hard link to a symbolic link is one itself, which shows where the first name is gone.
    const { type, mode, linkname } = entry.type === 'hardlink' ? view.resolveLink(path) : entry;
    if (type === 'dir') seen.push([path, 'dir', mode]);
    else if (type === 'symlink') seen.push([path, type, linkname]);
    else {
      const text = await view.readFile(path).then((stream) => collect(stream, MAX), String);
      seen.push([path, 'file', typeof text === 'string' ? text : new TextDecoder().decode(text)]);
    }
  }
  return seen;
}

describe('tarStreamFrom', () => {
  it('is the tar of the layer itself from its parent on, and of a base layer from nothing', async () => {
    const lines = [['a = 1'], ['b = 2']] as const;
    const [base, top] = await stackOf(...lines);
    expect(await bytesFrom(base)).toEqual(tarOfLines(lines[0]));
    expect(await bytesFrom(top, base.chainId)).toEqual(tarOfLines(lines[1]));
  });

  it('leads from further beneath to what is there in the end', async () => {
    const [base, , top] = await stackOf(
      ['d/', 'd/gone', 'd/kept', 'dir/', 'dir/below', 'file', 'x = 1'],
      ['d/new = 1', 'd/brief', 'x = 2', '.wh.dir', 'file/', 'file/in'],
      ['d/.wh.brief', 'd/.wh.gone', 'd/new = 22', 'dir = now a file', 'link -> d'],
    );
    expect(await linesIn(await bytesFrom(top, base.chainId))).toEqual([
      'd/.wh.gone',
      'file/',
      'x',
      'file/in',
      'd/new',
      'dir',
      'link -> d',
    ]);
  });

  it('is all of it, flattened, from nothing', async () => {
    const [, top] = await stackOf(['./', 'a = 1', 'b = 1', 'e/f/g'], ['.wh.a', 'b = 2']);
    const headers = await headersIn(await bytesFrom(top));
    expect(headers.map(({ name }) => name)).toEqual(['./', 'e/', 'e/f/', 'e/f/g', 'b']);
    expect(headers.map(({ mode }) => mode)).toEqual([0o700, 0o755, 0o755, 0o644, 0o644]);
  });

  it('keeps what an entry is, but for how a writer stores it', async () => {
    const writer = createTarWriter();
    const init = { mode: 0o4755, uid: 7, gid: 8, mtime: 9.5, uname: 'u', xattrs: { 'user.a': 'b' } } as const;
    const file = writer.entry({ name: 'f', ...init }, encoder.encode('text'));
    const device = writer.entry({ name: 'n', type: 'char', devmajor: 1, devminor: 3 });
    const directory = writer.entry({ name: 'd', type: 'dir', mode: 0o1777, uid: 5, mtime: 3 });
    const base = await store.register(streamOf(...file, ...device, ...directory, writer.end()));
    const top = await store.register(streamOf(writer.end()), base.chainId);
    expect(await headersIn(await bytesFrom(top))).toMatchObject([
      { name: 'd/', type: 'dir', mode: 0o1777, uid: 5, mtime: 3 },
      { name: 'f', size: 4, ...init },
      { name: 'n', type: 'char', devmajor: 1, devminor: 3 },
    ]);
  });

  it('stands by itself where hard links lead below: the first is a file, the others are links to it', async () => {
    const [base, , top] = await stackOf(['f = text', 's -> f'], ['g => f', 'h => f', 't => s'], ['.wh.f']);
    expect(await linesIn(await bytesFrom(top, base.chainId))).toEqual([
      '.wh.f',
      expect.stringMatching(/^[gh]$/) as string,
      expect.stringMatching(/^(?:g => h|h => g)$/) as string,
      't -> f',
    ]);
  });

  it('makes directories before what is in them, where a link is in their place beneath', async () => {
    const [base, , top] = await stackOf(['real/', 'x -> real'], ['x/', 'x/f = 1'], ['x/']);
    expect(await linesIn(await bytesFrom(top, base.chainId))).toEqual(['x/', 'x/f']);
  });

  it('refuses what is not beneath, in the words of moby', async () => {
    const [base, top = EMPTY_LAYER] = await stackOf(['a'], ['b']);
    const message = (id: string) =>
      `layer ID '${id}' is not a parent of the specified layer: cannot provide diff to non-parent`;
    const refused = (layer: Layer, id: ChainID) =>
      expect(layer.tarStreamFrom(id)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: message(id),
      });
    await refused(base, top.chainId);
    await refused(top, top.chainId);
    await refused(EMPTY_LAYER, base.chainId);
    expect(await bytesFrom(EMPTY_LAYER)).toEqual(new Uint8Array(1024));
  });

  it('fails for a hard link to nothing, and ends with the reason of an abort', async () => {
    const [, top = EMPTY_LAYER] = await stackOf(['a => nothing'], ['b']);
    expect(await codeOf(bytesFrom(top))).toBe('INVALID_ARCHIVE');
    const reason = new Error('enough');
    await expect(top.tarStreamFrom(undefined, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('fails for names that only a whiteout may have, there or gone', async () => {
    const [base, , top] = await stackOf(['.wh.a/b'], ['c'], ['.wh..wh..opq']);
    expect(await codeOf(bytesFrom(top, base.chainId))).toBe('INVALID_ARCHIVE');
    const [, other] = await stackOf(['.wh.a/b'], ['c']);
    expect(await codeOf(bytesFrom(other))).toBe('INVALID_ARCHIVE');
  });

  it('keeps a hard link to a symbolic link whose name is gone', async () => {
    const [, top] = await stackOf(['a = 1'], ['b -> z', 'c => b', 'b = 1']);
    expect(await linesIn(await bytesFrom(top))).toContain('c -> z');
    const [, other] = await stackOf([], ['a/b -> ../b', 'a => a/b']);
    expect(await linesIn(await bytesFrom(other))).toEqual(['a -> ../b']);
  });

  it('lets go of the layer that it reads when it is cancelled', async () => {
    const storage = createMemoryStorage();
    let open = 0;
    const watched = withContent(storage, {
      open: async (digest, options) => {
        const stream = await storage.content.open(digest, options);
        open++;
        const ended = () => {
          open--;
        };
        const stage = new TransformStream<Uint8Array, Uint8Array>({
          flush: ended,
          cancel: ended,
        } as Transformer);
        return stream.pipeThrough(stage);
      },
    });
    store = await openLayerStore({ storage: watched });
    const [, top] = await stackOf([`a = ${'x'.repeat(100_000)}`, 'b = 1'], ['c = 1']);
    const reader = (await top?.tarStreamFrom())?.getReader();
    await reader?.read();
    await reader?.read();
    await reader?.cancel();
    expect(open).toBe(0);
  });
});

describe('layers of any kind', () => {
  const stack = fc.array(fc.array(LINE, { maxLength: 7 }), { minLength: 2, maxLength: 4 });

  it('are the same as what leads there from each layer beneath, and from nothing', async () => {
    await fc.assert(
      fc.asyncProperty(stack, async (lines) => {
        const layers = await stackOf(...lines);
        const top = layers.at(-1);
        let whole: unknown[];
        try {
          whole = await seenIn(layers);
        } catch (error) {
          expect(isStowageError(error, 'INVALID_ARCHIVE')).toBe(true);
          return;
        }
        for (let beneath = 0; beneath < layers.length; beneath++) {
          const parent = layers[beneath - 1];
          let tar: Bytes;
          try {
            tar = await bytesFrom(top, parent?.chainId);
          } catch (error) {
            expect(JSON.stringify([whole, lines])).toMatch(/hard link to a missing file|\.wh\.[^"]*\//);
            expect(isStowageError(error, 'INVALID_ARCHIVE')).toBe(true);
            continue;
          }
          const merged = await store.register(streamOf(tar), parent?.chainId);
          expect(await seenIn([...layers.slice(0, beneath), merged])).toEqual(whole);
        }
      }),
      { numRuns: 150 },
    );
  });
});
