import { describe, expect, it } from 'vitest';
import { streamOf } from './stream-of.ts';

describe('streamOf', () => {
  it('gives the chunks themselves, then ends', async () => {
    const chunks = [new Uint8Array(3), new Uint8Array(0), new Uint8Array(2)];
    const reader = streamOf(...chunks).getReader();
    for (const chunk of chunks) {
      const result = await reader.read();
      expect(result.value).toBe(chunk);
    }
    expect((await reader.read()).done).toBe(true);
  });

  it('ends at once without chunks', async () => {
    expect((await streamOf().getReader().read()).done).toBe(true);
  });
});
