import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { streamBlob } from './blob-stream.ts';

it('closes the source of a stream that became garbage', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  let closed = 0;
  const forget = async (): Promise<void> => {
    const source = {
      read: (start: number, end: number) => new Uint8Array(end - start),
      close: () => {
        closed += 1;
        return Promise.resolve();
      },
    };
    await streamBlob(source, 0, 10_000_000).getReader().read();
  };
  await forget();
  await vi.waitFor(() => {
    collectGarbage();
    expect(closed).toBe(1);
  });
});
