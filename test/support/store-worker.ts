import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { streamOf } from '@stowage/core';
import type { Bytes, ChainID, Fetch } from '@stowage/types';
import { openStowage } from 'stowage';
import { buildLayer } from './image-builder.ts';
import { seededBytes } from './random.ts';

// Works on a store in a process of its own: says when it begins, and ends by itself when it is done.

const [, , command, root = '', ...references] = process.argv;

/** A stack of layers, the same in every run. */
const STACK = [1, 2, 3].map((seed) =>
  buildLayer([{ name: `file-${seed}`, content: seededBytes(100_000 * seed, seed) }]),
);
const PIECE = 20_000;

process.stdout.write('begins\n');
await using stowage = await openStowage({ root, fetch: accountedFetch });

switch (command) {
  case 'pulls':
    for (const reference of references) await stowage.pull(reference, { platform: 'linux/amd64' });
    break;
  case 'registers layers': {
    let parent: ChainID | undefined;
    for (const { bytes } of STACK) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, index) =>
        bytes.subarray(index * PIECE, (index + 1) * PIECE),
      );
      // The layers stay held, as those of a build would until its image is made.
      const layer = await stowage.layers.register(streamOf(...pieces), parent);
      parent = layer.chainId;
    }
    break;
  }
  case 'pulls, tags, removes and collects': {
    // Pulls two images that share layers, names the second anew, and throws the first away.
    const [first = '', second = ''] = references;
    await stowage.pull(first, { platform: 'linux/amd64' });
    await stowage.pull(second, { platform: 'linux/amd64' });
    await stowage.tag(second, 'kept:latest');
    await stowage.remove(first);
    await stowage.gc();
    break;
  }
  default:
    throw new Error(`no such command: ${command ?? ''}`);
}

/**
 * Node's own fetch, which is there at once where ours is loaded first. It writes down, beside the store, where every
 * body begins and how far it has been read: a file that is written to outlives the process.
 */
async function accountedFetch(...[url, init]: Parameters<Fetch>): ReturnType<Fetch> {
  const response = await fetch(url, init);
  if (response.body === null || init?.method === 'HEAD') return response;
  const target = url.split('/').at(-1) ?? '';
  let at = Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? 0);
  const note = (what: string): void => {
    appendFileSync(`${root}.log`, `${what} ${target} ${at}\n`);
  };
  note('from');
  const count = new TransformStream<Bytes, Bytes>({
    transform(bytes, controller): void {
      at += bytes.byteLength;
      note('to');
      controller.enqueue(bytes);
    },
  });
  const { status, headers } = response;
  return new Response(response.body.pipeThrough(count), { status, headers });
}
