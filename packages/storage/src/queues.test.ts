import { describe, expect, it } from 'vitest';
import { LockQueue } from './lock-queue.ts';
import { TaskQueue } from './task-queue.ts';

describe('TaskQueue', () => {
  it('runs one task at a time, in order, whatever they do', async () => {
    const queue = new TaskQueue();
    const events: string[] = [];
    const task = (name: string) => async (): Promise<string> => {
      events.push(`begin ${name}`);
      await Promise.resolve();
      events.push(`end ${name}`);
      if (name === 'b') throw new Error('b failed');
      return name;
    };
    expect(queue.idle).toBe(true);
    const results = Promise.allSettled([queue.run(task('a')), queue.run(task('b')), queue.run(task('c'))]);
    expect(queue.idle).toBe(false);
    expect((await results).map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(events).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
    expect(queue.idle).toBe(true);
  });
});

describe('LockQueue', () => {
  it('hands a lock on in the order of asking', async () => {
    const queue = new LockQueue();
    const order: string[] = [];
    const first = await queue.acquire('x');
    const waiting = ['a', 'b', 'c'].map(async (name) => {
      const unlock = await queue.acquire('x');
      order.push(name);
      unlock();
    });
    expect(queue.tryAcquire('x')).toBeUndefined();
    const other = queue.tryAcquire('y');
    expect(other).toBeDefined();
    first();
    await Promise.all(waiting);
    expect(order).toEqual(['a', 'b', 'c']);
    expect(queue.tryAcquire('x')).toBeDefined();
  });

  it('lets a lock be given back once', async () => {
    const queue = new LockQueue();
    const first = await queue.acquire('x');
    const second = queue.acquire('x');
    first();
    first();
    const unlock = await second;
    first();
    expect(queue.tryAcquire('x')).toBeUndefined();
    unlock();
    expect(queue.tryAcquire('x')).toBeDefined();
  });

  it('forgets who stops waiting', async () => {
    const queue = new LockQueue();
    const first = await queue.acquire('x');
    const controllers = [new AbortController(), new AbortController(), new AbortController()];
    const waiting = controllers.map(({ signal }) => queue.acquire('x', { signal }));
    const reason = new Error('enough');
    controllers[1]?.abort(reason);
    await expect(waiting[1]).rejects.toBe(reason);
    first();
    const second = await waiting[0];
    controllers[0]?.abort(reason);
    second?.();
    (await waiting[2])?.();
    expect(queue.tryAcquire('x')).toBeDefined();
    await expect(queue.acquire('y', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(queue.tryAcquire('y')).toBeDefined();
  });
});
