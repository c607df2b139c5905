import { spawnSync } from 'node:child_process';

/** What the zstd command makes of its standard input. */
export function zstdCommand(input: Uint8Array, ...options: string[]): Uint8Array {
  const { status, stdout, stderr } = spawnSync('zstd', ['-q', '-c', ...options], {
    input,
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr.toString());
  return new Uint8Array(stdout);
}

/** Bytes without a pattern, of so many values; the same for one seed. */
export function noise(length: number, values = 256, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) % values;
  });
}
