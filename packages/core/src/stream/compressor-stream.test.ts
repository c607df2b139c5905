import { describe, expect, it, vi } from 'vitest';
import { collect } from './collect.ts';
import { compressorStream } from './compressor-stream.ts';
import type { PushCompressor } from './compressor-stream.ts';
import { streamOf } from './stream-of.ts';

/** A compressor that gives out what it gets, and what it was asked to do. */
function plain(onOutput: (bytes: Uint8Array) => void): { compressor: PushCompressor; calls: string[] } {
  const calls: string[] = [];
  const compressor = {
    write(bytes: Uint8Array) {
      calls.push(`write ${String(bytes.length)}`);
      onOutput(bytes);
    },
    end: () => void calls.push('end'),
    free: () => void calls.push('free'),
  };
  return { compressor, calls };
}

describe('compressorStream', () => {
  it('compresses slices, keeps what comes out, and frees the compressor at the end', async () => {
    let calls: readonly string[] = [];
    const shared = new Uint8Array(150_000).fill(7);
    const stage = compressorStream((onOutput) => {
      const opened = plain((bytes) => {
        onOutput(bytes);
        bytes.fill(0);
      });
      ({ calls } = opened);
      return Promise.resolve(opened.compressor);
    });
    const bytes = await collect(streamOf(shared).pipeThrough(stage), { maxBytes: 200_000 });
    expect(bytes.every((byte) => byte === 7)).toBe(true);
    await vi.waitFor(() => {
      expect(calls).toEqual(['write 65536', 'write 65536', 'write 18928', 'end', 'free']);
    });
  });

  it('opens the compressor for a stream without bytes too, and only once somebody needs it', async () => {
    const open = vi.fn((onOutput: (bytes: Uint8Array) => void) =>
      Promise.resolve(plain(onOutput).compressor),
    );
    const stage = compressorStream(open);
    expect(open).not.toHaveBeenCalled();
    expect(await collect(streamOf().pipeThrough(stage), { maxBytes: 1 })).toHaveLength(0);
    expect(open).toHaveBeenCalledOnce();
  });

  it('frees a compressor that is opened after its reader has gone', async () => {
    let calls: readonly string[] = [];
    let opened: (() => void) | undefined;
    const stage = compressorStream(async (onOutput) => {
      await new Promise<void>((resolve) => (opened = resolve));
      const { compressor, calls: all } = plain(onOutput);
      calls = all;
      return compressor;
    });
    const writer = stage.writable.getWriter();
    const reader = stage.readable.getReader();
    const reading = reader.read();
    writer.write(new Uint8Array(9)).catch(() => undefined);
    await vi.waitFor(() => {
      expect(opened).toBeDefined();
    });
    await reader.cancel();
    await reading;
    opened?.();
    await vi.waitFor(() => {
      expect(calls).toContain('free');
    });
    await expect(writer.closed).rejects.toBeUndefined();
  });

  it('fails with what opening the compressor fails with', async () => {
    const failure = new Error('forbidden');
    const stage = compressorStream(() => Promise.reject(failure));
    const bytes = collect(streamOf(new Uint8Array(1)).pipeThrough(stage), { maxBytes: 1 });
    await expect(bytes).rejects.toBe(failure);
  });
});
