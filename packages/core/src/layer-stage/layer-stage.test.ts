import type { Bytes } from '@stowage/types';
import { gzip } from 'pako';
import { afterAll, describe, expect, it } from 'vitest';
import { backends } from '../backends.ts';
import { digestBytes } from '../digest/digest-bytes.ts';
import { createInflater } from '../inflate/inflater.ts';
import { createLayerStage } from './layer-stage.ts';
import type { LayerStage, LayerStageInit, LayerStageResult } from './layer-stage.ts';
import { collect } from '../stream/collect.ts';
import { streamOf } from '../stream/stream-of.ts';
import { LocalWorker } from '../test-support/local-worker.ts';
import { closeWorkers, createWorkerPool } from '../workers/worker-pool.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import { zstd } from '../zstd/zstd-compressor.ts';

/** Bytes that compress to about a third. */
function sample(length: number): Uint8Array<ArrayBuffer> {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) & 0x07;
  });
}

const PLAIN = sample(1_500_000);
const BLOB = gzip(PLAIN);
const ZEROS = gzip(new Uint8Array(40_000_000));

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.slice(index * size, (index + 1) * size),
  );
}

/** What can inflate gzip here. */
const GUNZIPS = ['wasm', 'js', ...(backends().crc32 === 'zlib' ? (['zlib'] as const) : [])] as const;

/** Writes everything, each piece gone bad as soon as it may be, and ends. */
async function feed(stage: LayerStage, chunks: readonly Uint8Array[]): Promise<LayerStageResult> {
  for (const chunk of chunks) {
    await stage.write(chunk);
    chunk.fill(0xff);
  }
  return stage.end();
}

/** A turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

const local: WorkerPool = createWorkerPool({ create: () => new LocalWorker(), size: 1 });
afterAll(() => Promise.all([local.close(), closeWorkers()]));

/** This thread, a worker, and what a worker runs without the boundary. */
const PLACES = [
  ['thread', false],
  ['worker', true],
  ['local worker', local],
] as const;

describe.each(PLACES)('createLayerStage, %s', (place, worker) => {
  const create = (init: LayerStageInit = {}): Promise<LayerStage> => createLayerStage({ ...init, worker });

  it.each([1 << 16, 4 << 20, 777])(
    'finds out all about a gzip layer that comes by %i bytes',
    async (size) => {
      const stage = await create();
      expect(stage.place).toBe(place === 'thread' ? 'thread' : 'worker');
      expect(await feed(stage, cut(BLOB, size))).toEqual({
        digest: await digestBytes(BLOB),
        size: BLOB.length,
        diffId: await digestBytes(PLAIN),
        diffSize: PLAIN.length,
        format: 'gzip',
        checkpoints: [],
      });
    },
  );

  it('leaves the hash of the blob to who has it already', async () => {
    const stage = await createLayerStage({ digestAlgorithm: 'none', worker });
    await stage.write(BLOB);
    const { digest, diffId, size } = await stage.end();
    expect([digest, String(diffId), size]).toEqual([undefined, await digestBytes(PLAIN), BLOB.length]);
  });

  it.each(GUNZIPS)('takes checkpoints, from which the middle can be read, by %s', async (gunzipBackend) => {
    const stage = await create({ checkpointEvery: 300_000, gunzipBackend });
    const { checkpoints } = await feed(stage, cut(BLOB, 1 << 16));
    expect(checkpoints.length).toBeGreaterThanOrEqual(3);
    const restore = checkpoints[1];
    const rest: Uint8Array[] = [];
    const inflater = await createInflater({ restore, onOutput: (bytes) => void rest.push(bytes.slice()) });
    inflater.write(BLOB.subarray(restore?.in));
    inflater.end();
    expect(await digestBytes(join(rest))).toBe(await digestBytes(PLAIN.subarray(restore?.out)));
    // What is plain needs none.
    expect((await feed(await create({ checkpointEvery: 1 }), [PLAIN.slice()])).checkpoints).toEqual([]);
  });

  it('takes the frames of zstd for checkpoints', async () => {
    const frame = await collect(streamOf(PLAIN.subarray(0, 100_000)).pipeThrough(zstd()), {
      maxBytes: 1 << 20,
    });
    const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2);
    const blob = join([frame, frame, skippable, frame, frame]);
    const stage = await create({ checkpointEvery: 150_000, zstdBackend: 'wasm' });
    const { checkpoints } = await feed(stage, cut(blob, 7777));
    const at = 2 * frame.length + skippable.length;
    expect(checkpoints).toEqual([{ in: at, bits: 0, out: 200_000, window: new Uint8Array(0) }]);
    expect((await feed(await create({ zstdBackend: 'wasm' }), [blob.slice()])).checkpoints).toEqual([]);
  });

  it.each(GUNZIPS)('inflates by %s when asked to, however the stream is cut', async (gunzipBackend) => {
    const plain = PLAIN.subarray(0, 2000);
    for (const size of [1, 2, 7]) {
      const result = await feed(await create({ gunzipBackend }), cut(gzip(plain), size));
      expect(result).toMatchObject({ diffId: await digestBytes(plain), format: 'gzip' });
    }
  });

  it('takes what is not compressed, and nothing at all', async () => {
    const plain = await feed(await create(), cut(PLAIN, 100_000));
    expect(plain).toMatchObject({ size: PLAIN.length, diffSize: PLAIN.length, format: 'plain' });
    expect(String(plain.digest)).toBe(plain.diffId);
    expect(await feed(await create(), [])).toMatchObject({ size: 0, diffSize: 0, format: 'plain' });
  });

  it('hashes with the algorithms that are asked for', async () => {
    const stage = await create({ digestAlgorithm: 'sha512', diffIdAlgorithm: 'sha384' });
    expect(await feed(stage, [BLOB.slice()])).toMatchObject({
      digest: await digestBytes(BLOB, 'sha512'),
      diffId: await digestBytes(PLAIN, 'sha384'),
    });
    await expect(create({ digestAlgorithm: 'md5' as 'sha256' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'unsupported digest algorithm "md5"',
    });
  });

  it('gives the plain bytes in order', async () => {
    const pieces: Uint8Array[] = [];
    const stage = await create({ onOutput: (bytes) => void pieces.push(bytes.slice()) });
    await feed(stage, cut(BLOB, 50_000));
    expect(await digestBytes(join(pieces))).toBe(await digestBytes(PLAIN));
  });

  it('waits for a taker, one piece at a time, and keeps its bytes', async () => {
    const pieces: Uint8Array[] = [];
    let taking = false;
    const stage = await create({
      async onOutput(bytes) {
        expect(taking).toBe(false);
        taking = true;
        await turn();
        pieces.push(bytes.slice());
        taking = false;
      },
    });
    await feed(stage, cut(BLOB, 200_000));
    expect(await digestBytes(join(pieces))).toBe(await digestBytes(PLAIN));
  });

  it('waits for a taker that waits now and then', async () => {
    const pieces: Uint8Array[] = [];
    const stage = await create({
      onOutput(bytes): void | Promise<void> {
        pieces.push(bytes.slice());
        return pieces.length % 3 === 0 ? turn() : undefined;
      },
    });
    await feed(stage, cut(BLOB, 200_000));
    expect(await digestBytes(join(pieces))).toBe(await digestBytes(PLAIN));
  });

  it('takes no more input while a taker is at work', async () => {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    let size = 0;
    const stage = await create({
      onOutput(bytes) {
        size += bytes.length;
        return gate;
      },
    });
    // More than all buffers hold, in both directions.
    const many = cut(join(Array<Uint8Array>(2000).fill(gzip(sample(3000)))), 10_000);
    let written = 0;
    const writing = (async () => {
      for (const chunk of many) {
        await stage.write(chunk);
        written += chunk.length;
      }
      return stage.end();
    })();
    for (let count = 0; count < 100; count += 1) await turn();
    expect(size).toBeLessThanOrEqual(256 * 1024);
    expect(written).toBeLessThan(2_000_000);
    go();
    expect(await writing).toMatchObject({ diffSize: 6_000_000 });
    expect(size).toBe(6_000_000);
  });

  it.each([
    ['a corrupt stream', corrupt(BLOB, 5000), {}, 'INVALID_ARCHIVE', /^invalid gzip stream: /],
    ['a stream cut short', BLOB.slice(0, -20), {}, 'INVALID_ARCHIVE', /unexpected end of file/],
    [
      'garbage after the end',
      join([BLOB, new Uint8Array(40).fill(1)]),
      {},
      'INVALID_ARCHIVE',
      /garbage after its end/,
    ],
    ['too much', BLOB, { maxBytes: 1000 }, 'LIMIT_EXCEEDED', /longer than 1000 bytes/],
    ['too much growth', ZEROS, { maxRatio: 100 }, 'LIMIT_EXCEEDED', /more than 100 times/],
    [
      'another format',
      PLAIN,
      { format: 'gzip' },
      'INVALID_ARCHIVE',
      /^not a gzip stream: it looks like plain$/,
    ],
    ['bzip2', Uint8Array.of(0x42, 0x5a, 0x68), {}, 'UNSUPPORTED', /^cannot decompress bzip2$/],
  ] as const)('fails for %s, and stays so', async (_name, bytes, init, code, message) => {
    const stage = await create(init);
    const failure = await feed(stage, cut(bytes, 1 << 16)).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'StowageError',
      code,
      message: expect.stringMatching(message) as string,
    });
    for (const call of [() => stage.write(BLOB), () => stage.end()]) {
      await expect((async () => call())()).rejects.toBe(failure);
    }
  });

  it('fails with what the taker throws or rejects with', async () => {
    const problem = new Error('disk full');
    const takers = [
      () => {
        throw problem;
      },
      () => Promise.reject(problem),
    ];
    for (const onOutput of takers) {
      const stage = await create({ onOutput });
      await expect(feed(stage, cut(BLOB, 1 << 16))).rejects.toBe(problem);
      await expect(stage.end()).rejects.toBe(problem);
    }
  });

  it('is cancelled with a reason, also while a call waits', async () => {
    const reason = new Error('enough');
    const stage = await create({ onOutput: () => new Promise(() => undefined) });
    const ending = feed(stage, cut(BLOB, 1 << 16));
    ending.catch(() => undefined);
    await turn();
    stage.cancel(reason);
    stage.cancel(new Error('too late'));
    await expect(ending).rejects.toBe(reason);
    await expect(stage.end()).rejects.toBe(reason);
    const another = await create();
    another.cancel();
    await expect(another.end()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('rejects with the reason of an abort: before, while beginning, while waiting', async () => {
    const reason = new Error('stop');
    await expect(create({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const beginning = new AbortController();
    const begun = create({ signal: beginning.signal });
    beginning.abort(reason);
    await expect(begun).rejects.toBe(reason);
    const waiting = new AbortController();
    const stage = await create({ signal: waiting.signal, onOutput: () => new Promise(() => undefined) });
    const fed = feed(stage, cut(BLOB, 1 << 16));
    fed.catch(() => undefined);
    await turn();
    waiting.abort(reason);
    await expect(fed).rejects.toBe(reason);
  });

  it('refuses calls that come too early or too late, and an abort after the end is nothing', async () => {
    const controller = new AbortController();
    const stage = await create({ signal: controller.signal });
    const ending = stage.end();
    await expect((async () => stage.write(BLOB))()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'the layer stage is busy: await each call before the next',
    });
    await ending;
    controller.abort();
    for (const call of [() => stage.write(BLOB), () => stage.end()]) {
      await expect((async () => call())()).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: 'the layer stage has ended',
      });
    }
    stage.cancel();
  });

  it('keeps stages apart', async () => {
    const stages = await Promise.all([create(), create(), create()]);
    const results = await Promise.all(
      stages.map((stage, index) => feed(stage, cut(gzip(PLAIN.subarray(index)), 10_000 + index))),
    );
    const expected = await Promise.all(stages.map((_, index) => digestBytes(PLAIN.subarray(index))));
    expect(results.map(({ diffId }) => String(diffId))).toEqual(expected);
  });
});

describe('createLayerStage', () => {
  it('says so where no worker can be had', async () => {
    const pool = createWorkerPool({
      create: () => {
        throw new Error('forbidden by the policy of the page');
      },
    });
    const stage = await createLayerStage({ worker: pool });
    expect(stage.place).toBe('thread');
    expect(await feed(stage, [BLOB.slice()])).toMatchObject({ size: BLOB.length });
  });

  it('fails in the middle when the workers are closed, and finds new ones', async () => {
    const stage = await createLayerStage({ worker: true });
    const fed = feed(stage, cut(ZEROS, 1 << 16));
    fed.catch(() => undefined);
    await closeWorkers();
    await expect(fed).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'the workers were closed' });
    const another = await createLayerStage({ worker: true });
    expect(another.place).toBe('worker');
    expect(await feed(another, [BLOB.slice()])).toMatchObject({ diffSize: PLAIN.length });
  });

  it('refuses a pool that is not one', async () => {
    await expect(createLayerStage({ worker: { close: () => Promise.resolve() } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('leaves the event loop of a page free while a worker inflates', async () => {
    const stage = await createLayerStage({ worker: true });
    let turns = 0;
    let ended = false;
    const ending = feed(stage, cut(ZEROS, 1 << 16)).finally(() => (ended = true));
    while (!ended as boolean) {
      await turn();
      turns += 1;
    }
    expect((await ending).diffSize).toBe(40_000_000);
    // The thread has nothing to do for this layer but to wait: other work had many turns.
    expect(turns).toBeGreaterThan(20);
  });
});

function join(parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => {
    all.set(part, at);
    return at + part.length;
  }, 0);
  return all;
}

function corrupt(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index >= at && index < at + 50 ? 0xff : byte));
}
