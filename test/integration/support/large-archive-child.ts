// Run in a process of its own with a small heap: makes an archive of one layer that is as large as it is told, loads it
// into a store, saves it again, and prints what came of it and how much memory that took.
import process from 'node:process';
import { createDigester, createTarWriter, drain } from '@stowage/core';
import type { ByteStream, Bytes } from '@stowage/types';
import { openStowage } from 'stowage';

const [root = '', mebibytes = '0'] = process.argv.slice(2);
const size = Number(mebibytes) * 2 ** 20;
const most = { heap: 0, rss: 0 };
const measure = (): void => {
  const { heapUsed, external, rss } = process.memoryUsage();
  most.heap = Math.max(most.heap, heapUsed + external);
  most.rss = Math.max(most.rss, rss);
};
const timer = setInterval(measure, 50);

const tar = createTarWriter();
const CHUNK = new Uint8Array(1 << 20).map((_, at) => (at * 31) >> 3);

/** A layer of one large file. */
async function* layer(): AsyncGenerator<Bytes, void> {
  const content = new ReadableStream<Bytes>(
    {
      pull: (controller) => {
        if (left === 0) {
          controller.close();
          return;
        }
        left -= CHUNK.length;
        controller.enqueue(CHUNK.slice());
      },
    },
    { highWaterMark: 0 },
  );
  let left = size;
  yield* tar.stream({ name: 'large', size }, content);
  yield tar.end();
}

/** An archive of that layer, as docker writes it: what tells of it comes last. */
async function* archive(diffId: string): AsyncGenerator<Bytes, void> {
  yield* tar.stream({ name: 'layer.tar', size: size + 512 + 1024 }, streamOf(layer()));
  const json = (value: unknown): Bytes => new TextEncoder().encode(JSON.stringify(value));
  const rootfs = { type: 'layers', diff_ids: [diffId] };
  yield* tar.entry({ name: 'config.json' }, json({ os: 'linux', architecture: 'amd64', rootfs }));
  const item = { Config: 'config.json', RepoTags: ['large:1'], Layers: ['layer.tar'] };
  yield* tar.entry({ name: 'manifest.json' }, json([item]));
  yield tar.end();
}

function streamOf(generator: AsyncGenerator<Bytes, void>): ByteStream {
  return new ReadableStream<Bytes>(
    {
      pull: async (controller) => {
        const { done, value } = await generator.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => {
        await generator.return();
      },
    },
    { highWaterMark: 0 },
  );
}

const digester = await createDigester();
await drain(streamOf(layer()), (bytes) => {
  digester.update(bytes);
});
const stowage = await openStowage({ root });
const { images } = await stowage.load(streamOf(archive(digester.digest())), { tags: true });
const saved = await drain(stowage.save(['large:1']), () => undefined);
await stowage.close();
clearInterval(timer);
measure();
console.log(JSON.stringify({ images: images.length, saved, ...most }));
