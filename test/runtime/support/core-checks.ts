// Bundled and run by each runtime: checks the core against the runtime's own node:crypto and node:zlib, and prints a
// line of JSON that has for each check what went wrong, or null. It ends by itself, whatever workers it has started.
import {
  backends,
  createDecompressor,
  createDigester,
  createInflater,
  createLayerStage,
  createTarWriter,
  createZstdCompressor,
  crc32,
  decodeCheckpoints,
  digestBytes,
  encodeCheckpoints,
  findCheckpoint,
  iterate,
  readTar,
  streamOf,
} from '@stowage/core';
import { GZIP_DIGESTS, gzipInput, gzipSample } from './gzip-sample.ts';

const { createHash } = process.getBuiltinModule('node:crypto');
const zlib = process.getBuiltinModule('node:zlib');

const ZSTD_OF_SAMPLE = 'sha256:c2bc71b04df70bba46a8a4eddf9e545448dc0f62b9db49dc265563b78f5d09c7';

const ALGORITHMS = ['sha256', 'sha384', 'sha512'] as const;

/** The same bytes everywhere: text that repeats, noise, and runs of one byte. */
function sample(length: number, seed = 1): Uint8Array {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 16;
  };
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const kind = next() % 4;
    const run = 1 + (next() % 700);
    for (let end = Math.min(length, at + run); at < end; at += 1) {
      bytes[at] =
        kind === 0 ? 0 : kind === 1 ? next() : kind === 2 ? 97 + (next() & 7) : (bytes[at - 259] ?? 1);
    }
  }
  return bytes;
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.slice(index * size, (index + 1) * size),
  );
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function same(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`${what} is ${String(found)}, should be ${String(wanted)}`);
}

function hashOf(bytes: Uint8Array, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

async function checkDigests(): Promise<void> {
  for (const algorithm of ALGORITHMS) {
    for (const backend of ['native', 'wasm', 'js'] as const) {
      for (const length of [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000, 100_003]) {
        const bytes = sample(length, length);
        const digester = await createDigester(algorithm, { backend });
        for (const chunk of cut(bytes, 1 + (length % 97))) digester.update(chunk);
        same(
          `${backend} ${algorithm} of ${String(length)} bytes`,
          digester.digest(),
          hashOf(bytes, algorithm),
        );
      }
    }
    same(
      `digestBytes by ${algorithm}`,
      await digestBytes(sample(999), algorithm),
      hashOf(sample(999), algorithm),
    );
  }
}

/** Streams with every kind of block: stored, fixed and dynamic, in all strategies, and several members. */
function gzipStreams(plain: Uint8Array): [string, Uint8Array][] {
  const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE, Z_FULL_FLUSH } = zlib.constants;
  const strategies = [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE];
  const streams = [0, 1, 6, 9].flatMap((level) =>
    strategies.map((strategy): [string, Uint8Array] => [
      `level ${String(level)} strategy ${String(strategy)}`,
      zlib.gzipSync(plain, { level, strategy }),
    ]),
  );
  const members = cut(plain, 40_000).map((part) => zlib.gzipSync(part));
  const small = zlib.gzipSync(plain, { windowBits: 9, memLevel: 1, flush: Z_FULL_FLUSH });
  return [...streams, ['members', join(members)], ['small window', small]];
}

async function inflate(
  chunks: readonly Uint8Array[],
  gunzipBackend: 'wasm' | 'js' | 'zlib',
): Promise<Uint8Array> {
  const output: Uint8Array[] = [];
  const decompressor = createDecompressor({ gunzipBackend, onOutput: (bytes) => output.push(bytes.slice()) });
  for (const chunk of chunks) await decompressor.write(chunk);
  await decompressor.end();
  return join(output);
}

async function checkInflate(): Promise<void> {
  const [plain, short] = [sample(150_000), sample(3000)];
  for (const backend of ['wasm', 'js', 'zlib'] as const) {
    for (const [name, bytes] of gzipStreams(plain)) {
      for (const size of [bytes.length, 977]) {
        const found = await inflate(cut(bytes, size), backend);
        same(`${name} by ${String(size)}, ${backend}`, hashOf(found), hashOf(plain));
      }
    }
    for (const [name, bytes] of gzipStreams(short)) {
      for (const size of backend === 'zlib' ? [10] : [1, 2, 3, 7]) {
        const found = await inflate(cut(bytes, size), backend);
        same(`${name} by ${String(size)}, ${backend}`, hashOf(found), hashOf(short));
      }
    }
  }
}

async function checkFormats(): Promise<void> {
  const plain = sample(200_000);
  for (const backend of ['wasm', 'js'] as const) {
    for (const [format, bytes] of [
      ['zlib', zlib.deflateSync(plain)],
      ['raw', zlib.deflateRawSync(plain)],
    ] as const) {
      const output: Uint8Array[] = [];
      const onOutput = (piece: Uint8Array): void => void output.push(piece.slice());
      const inflater = await createInflater({ format, backend, onOutput });
      for (const chunk of cut(bytes, 1009)) inflater.write(chunk);
      inflater.end();
      same(`${format}, ${backend}`, hashOf(join(output)), hashOf(plain));
    }
  }
}

async function checkCheckpoints(): Promise<void> {
  const plain = sample(2_000_000);
  const blob = zlib.gzipSync(plain);
  for (const backend of ['wasm', 'js'] as const) {
    const writer = await createInflater({ backend, checkpointEvery: 100_000, onOutput: () => undefined });
    for (const chunk of cut(blob, 64 * 1024)) writer.write(chunk);
    writer.end();
    const checkpoints = await decodeCheckpoints(await encodeCheckpoints(writer.checkpoints));
    same(`${backend}: enough checkpoints`, checkpoints.length > 8, true);
    for (let offset = 1; offset < plain.length; offset += 333_333) {
      const restore = findCheckpoint(checkpoints, offset);
      const output: Uint8Array[] = [];
      const onOutput = (piece: Uint8Array): void => void output.push(piece.slice());
      const reader = await createInflater({ backend, restore, onOutput });
      reader.write(blob.subarray(restore?.in));
      reader.end();
      same(
        `${backend} from ${String(offset)}`,
        hashOf(join(output)),
        hashOf(plain.subarray(restore?.out ?? 0)),
      );
    }
  }
}

function checkCrc32(): Promise<void> {
  const bytes = sample(70_001);
  const trailer = zlib.gzipSync(bytes).readUInt32LE(zlib.gzipSync(bytes).length - 8);
  same('crc32', crc32(bytes), trailer);
  same('crc32 in two', crc32(bytes.subarray(333), crc32(bytes.subarray(0, 333))), trailer);
  return Promise.resolve();
}

async function checkTar(): Promise<void> {
  const writer = createTarWriter();
  const long = `${'long/'.repeat(60)}näme`;
  const content = sample(10_000);
  const parts = [
    writer.entry({ name: 'etc/', type: 'dir', mode: 0o755 }),
    writer.entry({ name: long, type: 'file', xattrs: { 'user.note': 'ja' } }, content),
    writer.entry({ name: 'link', type: 'symlink', linkname: long }),
    [writer.end()].flat(),
  ].flat();
  const names: string[] = [];
  for await (const { header, body } of streamOf(...cut(join(parts), 700)).pipeThrough(readTar())) {
    names.push(`${header.type} ${header.name} ${header.linkname ?? ''}`);
    if (header.name !== long) continue;
    same('xattr', JSON.stringify(header.xattrs), '{"user.note":"ja"}');
    const pieces: Uint8Array[] = [];
    for await (const piece of iterate(body)) pieces.push(piece.slice());
    same('content', hashOf(join(pieces)), hashOf(content));
  }
  same('entries', names.join('\n'), [`dir etc/ `, `file ${long} `, `symlink link ${long}`].join('\n'));
}

async function checkStage(worker: boolean): Promise<void> {
  const plain = sample(3_000_000);
  const blob = zlib.gzipSync(plain);
  const hash = createHash('sha256');
  const stage = await createLayerStage({ worker, onOutput: (bytes) => void hash.update(bytes) });
  same('place', stage.place, worker ? 'worker' : 'thread');
  for (const chunk of cut(blob, 64 * 1024)) await stage.write(chunk);
  const { digest, diffId, size, diffSize } = await stage.end();
  same('digest', digest, hashOf(blob));
  same('diffId', diffId, hashOf(plain));
  same('sizes', `${String(size)} ${String(diffSize)}`, `${String(blob.length)} ${String(plain.length)}`);
  same('output', `sha256:${hash.digest('hex')}`, diffId);

  const limited = await createLayerStage({ worker, maxBytes: 1000 });
  const failure: unknown = await (async () => {
    for (const chunk of cut(blob, 64 * 1024)) await limited.write(chunk);
    return limited.end();
  })().catch((error: unknown) => error);
  same('failure', (failure as { code?: string }).code, 'LIMIT_EXCEEDED');
  (await createLayerStage({ worker })).cancel();
}

async function checkGzip(workers: number): Promise<void> {
  for (const [level, digest] of Object.entries(GZIP_DIGESTS)) {
    const compressed = await gzipSample({ level: Number(level), workers });
    same(`round trip of level ${level}`, hashOf(zlib.gunzipSync(compressed)), hashOf(gzipInput()));
    same(`bytes of level ${level}`, hashOf(compressed), digest);
  }
}

/** The same compressed bytes in every runtime, read by what the runtime takes and by the own decoder. */
async function checkZstd(): Promise<void> {
  const bytes = sample(3_000_000);
  const parts: Uint8Array[] = [];
  const compressor = await createZstdCompressor({ onOutput: (part) => parts.push(part.slice()) });
  for (const chunk of cut(bytes, 70_001)) compressor.write(chunk);
  compressor.end();
  same('zstd', hashOf(join(parts)), ZSTD_OF_SAMPLE);
  for (const zstdBackend of [undefined, 'wasm'] as const) {
    const output: Uint8Array[] = [];
    const decompressor = createDecompressor({ zstdBackend, onOutput: (part) => output.push(part.slice()) });
    for (const chunk of cut(join(parts), 60_000)) await decompressor.write(chunk);
    await decompressor.end();
    same(`what ${zstdBackend ?? 'the default'} reads`, hashOf(join(output)), hashOf(bytes));
  }
}

const CHECKS = {
  digests: checkDigests,
  inflate: checkInflate,
  'zlib and raw': checkFormats,
  checkpoints: checkCheckpoints,
  crc32: checkCrc32,
  zstd: checkZstd,
  tar: checkTar,
  'layer stage': () => checkStage(false),
  'layer stage in a worker': () => checkStage(true),
  gzip: () => checkGzip(0),
  'gzip in workers': () => checkGzip(2),
};

const results: Record<string, string | null> = {};
for (const [name, check] of Object.entries(CHECKS)) {
  results[name] = await check().then(
    () => null,
    (error: unknown) => (error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error)),
  );
}
console.log(JSON.stringify({ backends: backends(), results }));
