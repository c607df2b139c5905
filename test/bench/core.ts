// `npm run bench:core`: the core against the libraries that people would use instead, as ratios of one interleaved run.
import { createGunzip } from 'node:zlib';
import { createDecompressor, createDigester } from '@stowage/core';
import { createSHA256 } from 'hash-wasm';
import { Inflate } from 'pako';
import { buildLayer } from '../support/image-builder.ts';
import { compare, report } from './support/compare.ts';
import { realisticEntries } from './support/layer-data.ts';

/** What arrives from the network at a time. */
const CHUNK = 64 * 1024;

/** Runs the benches; answers the exit code. */
export async function main(): Promise<number> {
  const { bytes } = buildLayer(await realisticEntries(['typescript', '@esbuild', 'vite', 'prettier']));
  console.log(
    `gzip layer of ${(bytes.length / 1e6).toFixed(1)} MB; ratios are times as fast, medians of 7 rounds\n`,
  );
  const chunks = Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, index) =>
    bytes.subarray(index * CHUNK, (index + 1) * CHUNK),
  );
  const gunzip = { name: 'core', run: () => inflate(chunks, () => undefined) };
  const pako = {
    name: 'pako',
    run: () => {
      inflatePako(chunks);
    },
  };
  report('gunzip / pako', await compare(gunzip, pako), 5);
  const zlib = { name: 'createGunzip', run: () => inflateZlib(chunks) };
  report('gunzip / zlib.createGunzip with 256 KiB chunks', await compare(gunzip, zlib), 1.6);

  const wasm = await createSHA256();
  const ours = {
    name: 'core',
    run: async () => {
      const digester = await createDigester('sha256');
      for (const chunk of chunks) digester.update(chunk);
      digester.digest();
    },
  };
  const theirs = {
    name: 'hash-wasm',
    run: () => {
      wasm.init();
      for (const chunk of chunks) wasm.update(chunk);
      wasm.digest();
    },
  };
  report('sha256 / hash-wasm', await compare(ours, theirs), 1.4);
  report(
    'layer job (sha256, gunzip, DiffID) / pako and hash-wasm',
    await compare(
      { name: 'core', run: () => layerJob(chunks) },
      { name: 'libraries', run: () => libraryJob(chunks) },
    ),
    4.2,
  );
  return 0;
}

async function inflate(chunks: readonly Uint8Array[], onOutput: (bytes: Uint8Array) => void): Promise<void> {
  const decompressor = createDecompressor({ onOutput });
  for (const chunk of chunks) await decompressor.write(chunk);
  await decompressor.end();
}

function inflatePako(
  chunks: readonly Uint8Array[],
  onData: (bytes: Uint8Array) => void = () => undefined,
): void {
  const inflator = new Inflate({ chunkSize: CHUNK });
  inflator.onData = onData;
  for (const [index, chunk] of chunks.entries()) inflator.push(chunk, index === chunks.length - 1);
}

function inflateZlib(chunks: readonly Uint8Array[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = createGunzip({ chunkSize: 256 * 1024 });
    stream
      .on('data', () => undefined)
      .on('end', resolve)
      .on('error', reject);
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
  });
}

/** What a pull does with a layer: the digest of the blob, its inflation, and the digest of what comes out. */
async function layerJob(chunks: readonly Uint8Array[]): Promise<void> {
  const blob = await createDigester('sha256');
  const diff = await createDigester('sha256');
  const decompressor = createDecompressor({
    onOutput: (bytes) => {
      diff.update(bytes);
    },
  });
  for (const chunk of chunks) {
    const inflating = decompressor.write(chunk);
    blob.update(chunk);
    await inflating;
  }
  await decompressor.end();
  blob.digest();
  diff.digest();
}

async function libraryJob(chunks: readonly Uint8Array[]): Promise<void> {
  const [blob, diff] = await Promise.all([createSHA256(), createSHA256()]);
  inflatePako(chunks, (bytes) => diff.update(bytes));
  for (const chunk of chunks) blob.update(chunk);
  blob.digest();
  diff.digest();
}
