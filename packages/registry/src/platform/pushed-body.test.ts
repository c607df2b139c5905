import { describe, expect, it } from 'vitest';
import { PushedBody } from './pushed-body.ts';
import { rejection } from '../test-support/fixtures.ts';

function bodyOver(): { body: PushedBody; calls: string[] } {
  const calls: string[] = [];
  const connection = {
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
    abort: ({ message }: Error) => void calls.push(`abort: ${message}`),
  };
  return { body: new PushedBody(connection), calls };
}

const PIECE = 100 * 1024;

describe('PushedBody', () => {
  it('gives what came in order, whether it was waited for or not', async () => {
    const { body } = bodyOver();
    const first = body.read();
    for (const byte of [1, 2, 3]) body.push(Uint8Array.of(byte));
    body.end();
    expect((await first).value).toEqual(Uint8Array.of(1));
    expect((await body.read()).value).toEqual(Uint8Array.of(2));
    expect((await body.read()).value).toEqual(Uint8Array.of(3));
    expect([await body.read(), await body.read()]).toEqual([{ done: true }, { done: true }]);
  });

  it('holds the connection back while it is not read', async () => {
    const { body, calls } = bodyOver();
    for (let count = 0; count < 4; count++) body.push(new Uint8Array(PIECE));
    expect(calls).toEqual(['pause']);
    await body.read();
    expect(calls).toEqual(['pause']);
    await body.read();
    expect(calls).toEqual(['pause', 'resume']);
  });

  it('fails after what came before, and who waits at once', async () => {
    const { body } = bodyOver();
    body.push(Uint8Array.of(1));
    const failure = new Error('reset');
    body.fail(failure);
    body.end();
    expect((await body.read()).value).toEqual(Uint8Array.of(1));
    expect(await rejection(body.read())).toBe(failure);
    const waited = bodyOver().body;
    const read = rejection(waited.read());
    waited.fail(failure);
    expect(await read).toBe(failure);
  });

  it('ends the request when cancelled, once, and gives nothing more', async () => {
    const { body, calls } = bodyOver();
    body.push(Uint8Array.of(1));
    await body.cancel(new Error('enough'));
    await body.cancel();
    body.push(Uint8Array.of(2));
    expect([await body.getReader().read(), calls]).toEqual([{ done: true }, ['abort: enough']]);
    const waiting = bodyOver();
    const read = waiting.body.read();
    await waiting.body.cancel('no error');
    expect([await read, waiting.calls]).toEqual([{ done: true }, ['abort: no longer wanted']]);
    const over = bodyOver();
    over.body.end();
    await over.body.cancel();
    expect(over.calls).toEqual([]);
  });
});
