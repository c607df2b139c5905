import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeCheckpoints, encodeCheckpoints } from './checkpoint-codec.ts';
import { findCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { createInflater } from './inflater.ts';
import type { InflaterInit } from './inflater-init.ts';

/** A generator of numbers from 0 up to a limit: xorshift32. */
function randomOf(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Text with matches near and far, with noise and zeros in it: about as compressible as a layer. */
function contentOf(length: number, seed: number): Buffer {
  const random = randomOf(seed);
  const words = Array.from({ length: 3000 }, () =>
    Array.from({ length: 3 + random(9) }, () => String.fromCharCode(97 + random(26))).join(''),
  );
  const parts: Buffer[] = [];
  for (let made = 0; made < length;) {
    const kind = random(200);
    const part =
      kind === 0
        ? Buffer.alloc(random(20_000))
        : kind === 1
          ? Buffer.from(Array.from({ length: random(9000) }, () => random(256)))
          : Buffer.from(
              `${Array.from({ length: 50 }, () => words[random(random(2) ? 200 : 3000)]).join(' ')}\n`,
            );
    parts.push(part);
    made += part.length;
  }
  return Buffer.concat(parts).subarray(0, length);
}

async function checkpointsOf(
  stream: Uint8Array,
  init: Omit<InflaterInit, 'onOutput'>,
  size = 1 << 20,
): Promise<readonly Checkpoint[]> {
  const inflater = await createInflater({ ...init, onOutput: () => undefined });
  for (let at = 0; at < stream.length; at += size) inflater.write(stream.subarray(at, at + size));
  inflater.end();
  return inflater.checkpoints;
}

/** Reads a range of the output from a checkpoint, and no more of the stream than it takes. */
async function readFrom(
  stream: Uint8Array,
  restore: Checkpoint | undefined,
  init: Omit<InflaterInit, 'onOutput'>,
  offset: number,
  length: number,
): Promise<Buffer> {
  const output = Buffer.alloc(length);
  let at = restore?.out ?? 0;
  const inflater = await createInflater({
    ...init,
    restore,
    onOutput: (bytes) => {
      const from = Math.max(offset - at, 0);
      const taken = bytes.subarray(from, Math.max(from, offset + length - at));
      if (at < offset + length) output.set(taken, Math.max(at - offset, 0));
      at += bytes.length;
    },
  });
  for (let next = restore?.in ?? 0; next < stream.length && at < offset + length; next += 4096) {
    inflater.write(stream.subarray(next, next + 4096));
  }
  inflater.free();
  return output;
}

const CONTENT = contentOf(6_000_000, 1);
const GZIPPED = zlib.gzipSync(CONTENT);

describe.each(['wasm', 'js'] as const)('checkpoints by %s', (backend) => {
  it('serve random reads, as full inflation would', async () => {
    const encoded = await encodeCheckpoints(
      await checkpointsOf(GZIPPED, { backend, checkpointEvery: 64 * 1024 }),
    );
    const checkpoints = await decodeCheckpoints(encoded);
    expect(checkpoints.length).toBeGreaterThan(30);
    const random = randomOf(7);
    let wrong = 0;
    for (let read = 0; read < (backend === 'wasm' ? 10_000 : 1000); read += 1) {
      const offset = random(CONTENT.length);
      const length = Math.min(1 + random(2000), CONTENT.length - offset);
      const restore = findCheckpoint(checkpoints, offset);
      const bytes = await readFrom(GZIPPED, restore, { backend }, offset, length);
      if (!bytes.equals(CONTENT.subarray(offset, offset + length))) wrong += 1;
    }
    expect(wrong).toBe(0);
  }, 60_000);

  it.each([
    ['gzip', zlib.gzipSync],
    ['zlib', zlib.deflateSync],
    ['raw', zlib.deflateRawSync],
  ] as const)('lead to the end of %s from each of them', async (format, compress) => {
    const content = CONTENT.subarray(0, 1_000_000);
    const stream = compress(content, { memLevel: 5 });
    const checkpoints = await checkpointsOf(stream, { backend, format, checkpointEvery: 1 });
    expect(checkpoints.length).toBeGreaterThan(8);
    for (const restore of checkpoints) {
      const output: Uint8Array[] = [];
      const inflater = await createInflater({
        backend,
        format,
        restore,
        onOutput: (bytes) => output.push(bytes.slice()),
      });
      for (let at = restore.in; at < stream.length; at += 977) inflater.write(stream.subarray(at, at + 977));
      inflater.end();
      expect(Buffer.concat(output).equals(content.subarray(restore.out))).toBe(true);
      expect([inflater.bytesIn, inflater.bytesOut]).toEqual([
        stream.length - restore.in,
        content.length - restore.out,
      ]);
    }
  });

  it('are the same however the stream is cut, and by either backend', async () => {
    const stream = zlib.gzipSync(CONTENT.subarray(0, 700_000), { memLevel: 6 });
    const wanted = await checkpointsOf(stream, { backend: 'wasm', checkpointEvery: 100_000 });
    expect(wanted.length).toBeGreaterThan(3);
    for (const size of [1, 2, 3, 7, 1000, 65_536]) {
      const checkpoints = await checkpointsOf(stream, { backend, checkpointEvery: 100_000 }, size);
      expect(checkpoints.map(({ in: at, bits, out }) => [at, bits, out])).toEqual(
        wanted.map(({ in: at, bits, out }) => [at, bits, out]),
      );
      expect(
        checkpoints.every(
          ({ window }, index) => Buffer.compare(window, wanted[index]?.window ?? window) === 0,
        ),
      ).toBe(true);
    }
  });

  it('goes on taking them from one of them', async () => {
    const all = await checkpointsOf(GZIPPED, { backend, checkpointEvery: 100_000 });
    const [, restore] = all;
    const inflater = await createInflater({
      backend,
      restore,
      checkpointEvery: 100_000,
      onOutput: () => undefined,
    });
    inflater.write(GZIPPED.subarray(restore?.in));
    inflater.end();
    expect(inflater.checkpoints.map(({ in: at, bits, out }) => [at, bits, out])).toEqual(
      all.slice(2).map(({ in: at, bits, out }) => [at, bits, out]),
    );
    expect(
      inflater.checkpoints.every(
        ({ window }, index) => Buffer.compare(window, all[index + 2]?.window ?? window) === 0,
      ),
    ).toBe(true);
  });

  it('go across members, whose checks hold from the next one on', async () => {
    const parts = Array.from({ length: 40 }, (_, index) =>
      CONTENT.subarray(index * 20_000, index * 20_000 + 20_000),
    );
    const members = parts.map((part) => zlib.gzipSync(part));
    const stream = Buffer.concat(members);
    const checkpoints = await checkpointsOf(stream, { backend, checkpointEvery: 50_000 });
    expect(checkpoints.length).toBeGreaterThan(8);
    for (const restore of checkpoints) {
      const bytes = await readFrom(stream, restore, { backend }, restore.out, 800_000 - restore.out);
      expect(bytes.equals(CONTENT.subarray(restore.out, 800_000))).toBe(true);
    }
    // The first check after a checkpoint is left out, the one after that is not.
    const restore = checkpoints[3] as Checkpoint;
    const spoil = (index: number): Buffer => {
      const end = members.slice(0, index + 1).reduce((length, member) => length + member.length, 0);
      const spoilt = Buffer.from(stream);
      spoilt[end - 8] = (spoilt[end - 8] ?? 0) ^ 1;
      return spoilt;
    };
    const index = Math.floor(restore.out / 20_000);
    const length = 800_000 - restore.out;
    await readFrom(spoil(index), restore, { backend }, restore.out, length);
    await expect(readFrom(spoil(index + 1), restore, { backend }, restore.out, length)).rejects.toMatchObject(
      {
        message: 'invalid gzip stream: incorrect data check',
      },
    );
  });

  it('keep only what later data refers to', async () => {
    // Noise that nothing refers to, but for its last 100 bytes, in two blocks.
    const noise = Buffer.from(
      Array.from({ length: 60_000 }, (_, index) => Math.imul(index + 1, 0x9e3779b1) >>> 13),
    );
    const deflate = zlib.createDeflateRaw({ level: 9 });
    const chunks: Buffer[] = [];
    deflate.on('data', (chunk: Buffer) => chunks.push(chunk));
    await new Promise<void>((resolve) => {
      deflate.write(noise);
      deflate.flush(zlib.constants.Z_SYNC_FLUSH, resolve);
    });
    await new Promise((resolve) => deflate.on('end', resolve).end(noise.subarray(-100)));
    const [checkpoint] = await checkpointsOf(Buffer.concat(chunks), {
      backend,
      format: 'raw',
      checkpointEvery: 50_000,
    });
    expect(checkpoint?.out).toBe(60_000);
    expect(Buffer.compare(checkpoint?.window ?? noise, noise.subarray(-100))).toBe(0);
  });
});

it('an index takes at most 1 % of its layer at a checkpoint for each MiB', async () => {
  const content = contentOf(20_000_000, 2);
  const layer = zlib.gzipSync(content);
  const index = await encodeCheckpoints(await checkpointsOf(layer, { checkpointEvery: 1024 * 1024 }));
  expect(index.length / layer.length).toBeLessThan(0.01);
});
