import { createCompressor } from '@stowage/core';
import { Deflate } from 'pako';
import { gather, lengthOf, mebibytes, nodeZlib, through } from './codec-bench.ts';
import type { Chunks, MeasurePair } from './codec-bench.ts';
import type { Contender } from '../support/compare.ts';

type Take = (bytes: Uint8Array) => void;
type Run = (take: Take) => Promise<void>;

/** Benches gzip against pako, node:zlib where there is one, and itself in workers. Answers sizes. */
export async function benchGzip(plain: Chunks, measure: MeasurePair): Promise<Record<string, string>> {
  const ours = core(plain, 6);
  const theirs = pako(plain, 6);
  await measure('gzip -6 / pako', contender('core', ours), contender('pako', theirs));
  await measure('gzip -1 / pako', contender('core', core(plain, 1)), contender('pako', pako(plain, 1)));
  const workers = contender('core', core(plain, 6, 2));
  await measure('gzip -6, two workers / one thread', workers, contender('core', ours));
  const zlib = nodeZlib();
  if (zlib !== undefined) {
    const run: Run = (take) => through(zlib.createGzip({ level: 6, chunkSize: 256 * 1024 }), plain, take);
    await measure('gzip -6 / createGzip', contender('core', ours), contender('createGzip', run));
  }
  return {
    ...(await sizesOf('gzip -6', ours, theirs, ', goal no larger')),
    ...(await sizesOf('gzip -1', core(plain, 1), pako(plain, 1))),
  };
}

/** How long the output of both is, as one entry. */
async function sizesOf(what: string, ours: Run, theirs: Run, goal = ''): Promise<Record<string, string>> {
  const [mine, other] = [await gather(ours), await gather(theirs)];
  const change = (lengthOf(mine) / lengthOf(other) - 1) * 100;
  const sizes = `${mebibytes(mine)} against ${mebibytes(other)} by pako`;
  return { [what]: `${sizes} (${change > 0 ? '+' : ''}${change.toFixed(2)} %${goal})` };
}

function contender(name: string, run: Run): Contender {
  return { name, run: () => run(() => undefined) };
}

function core(chunks: Chunks, level: number, workers = 0): Run {
  return async (onOutput) => {
    const compressor = await createCompressor({ level, workers, onOutput });
    for (const chunk of chunks) {
      const waiting = compressor.write(chunk);
      if (waiting !== undefined) await waiting;
    }
    await compressor.end();
  };
}

function pako(chunks: Chunks, level: 1 | 6): Run {
  return (take) => {
    const deflate = new Deflate({ level, gzip: true, chunkSize: 64 * 1024 });
    deflate.onData = take;
    for (const [index, chunk] of chunks.entries()) deflate.push(chunk, index === chunks.length - 1);
    return Promise.resolve();
  };
}
