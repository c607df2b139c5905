import { spawnSync } from 'node:child_process';
import { createDecompressor } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import { decompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { randomOf } from './support/xorshift.ts';
import type { Random } from './support/xorshift.ts';

// 100,000 malformed zstd streams, made from good ones by a seeded generator. Whatever comes ends at once, with content
// or with an error of a known code; content of a stream without a checksum is what fzstd makes of it.

const STREAMS = 100_000;

function streamsOf(random: Random): Buffer[] {
  const text = 'the quick brown fox jumps over the lazy dog and the other one '.repeat(6);
  const noise = Buffer.from(Array.from({ length: 200 }, () => random(256)));
  const skewed = Buffer.from(Array.from({ length: 1500 }, () => 97 + Math.clz32(random(2 ** 31))));
  const pieces = Array.from({ length: 200 }, () => {
    const at = random(190);
    return noise.subarray(at, at + 3 + random(9));
  });
  const contents = [
    Buffer.alloc(0),
    Buffer.alloc(700),
    Buffer.from(text),
    noise,
    skewed,
    Buffer.concat(pieces),
  ];
  contents.push(Buffer.concat(contents));
  return contents.flatMap((input) =>
    [['-1'], ['-9'], ['-19'], ['-19', '--check'], ['-12', '--zstd=wlog=10']].map(
      (options) => spawnSync('zstd', ['-q', '-c', ...options], { input }).stdout,
    ),
  );
}

function spoil(random: Random, stream: Buffer, other: Buffer): Buffer {
  let spoilt = Buffer.from(stream);
  for (let changes = 1 + random(3); changes > 0; changes -= 1) {
    const at = random(random(2) === 0 ? Math.min(spoilt.length + 1, 60) : spoilt.length + 1);
    switch (random(8)) {
      case 0:
        spoilt = spoilt.subarray(0, at);
        break;
      case 1:
        spoilt = Buffer.concat([spoilt.subarray(0, at), other.subarray(random(other.length + 1))]);
        break;
      case 2:
        if (at < spoilt.length) spoilt[at] = random(256);
        break;
      default:
        if (at < spoilt.length) spoilt[at] = (spoilt[at] ?? 0) ^ (1 << random(8));
    }
  }
  return spoilt;
}

async function ours(stream: Uint8Array, size: number): Promise<Buffer | undefined> {
  const output: Uint8Array[] = [];
  const onOutput = (bytes: Uint8Array): number => output.push(bytes.slice());
  const decompressor = createDecompressor({ format: 'zstd', onOutput, maxBytes: 1 << 20 });
  try {
    for (let at = 0; at < stream.length; at += size) await decompressor.write(stream.subarray(at, at + size));
    await decompressor.end();
    return Buffer.concat(output);
  } catch (error) {
    const known = ['INVALID_ARCHIVE', 'UNSUPPORTED', 'LIMIT_EXCEEDED'];
    if (!isStowageError(error) || !known.includes(error.code)) throw error;
    return undefined;
  }
}

function theirs(stream: Uint8Array): Uint8Array | undefined {
  try {
    return decompress(stream);
  } catch {
    return undefined;
  }
}

describe('decompression of zstd that is spoilt', () => {
  it('ends with an error of a known code, or with what fzstd reads', { timeout: 120_000 }, async () => {
    const random = randomOf(20_250);
    const streams = streamsOf(random);
    let [accepted, refused] = [0, 0];
    for (let index = 0; index < STREAMS; index += 1) {
      const [stream, other] = [streams[random(streams.length)], streams[random(streams.length)]];
      const spoilt = spoil(random, stream as Buffer, other as Buffer);
      const size = random(8) === 0 ? 1 + random(10) : 1 << 20;
      const found = await ours(spoilt, size);
      if (found === undefined) refused += 1;
      else {
        accepted += 1;
        const wanted = theirs(spoilt);
        if (wanted === undefined || !found.equals(wanted)) expect(spoilt.toString('hex')).toBe('');
      }
    }
    expect(refused).toBeGreaterThan(STREAMS / 2);
    expect(accepted).toBeGreaterThan(STREAMS / 100);
  });
});
