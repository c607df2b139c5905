import { describe, expect, it } from 'vitest';
import { SharedFlights } from './shared-flight.ts';
import { rejection } from '../test-support/fixtures.ts';

/** A job that ends when told to, and counts how often it was begun. */
function controlled(): {
  start: (signal: AbortSignal) => Promise<string>;
  land: (value: string) => void;
  crash: (error: Error) => void;
  signals: AbortSignal[];
} {
  const signals: AbortSignal[] = [];
  let land: (value: string) => void = () => undefined;
  let crash: (error: Error) => void = () => undefined;
  return {
    start: (signal) => {
      signals.push(signal);
      return new Promise((resolve, reject) => {
        land = resolve;
        crash = reject;
      });
    },
    land: (value) => {
      land(value);
    },
    crash: (error) => {
      crash(error);
    },
    signals,
  };
}

describe('SharedFlights', () => {
  it('runs one job for all who ask at once, and a new one for those who ask later', async () => {
    const flights = new SharedFlights<string>();
    const job = controlled();
    const both = Promise.all([flights.join('a', job.start), flights.join('a', job.start)]);
    expect(job.signals.length).toBe(1);
    job.land('done');
    expect(await both).toEqual(['done', 'done']);
    expect(job.signals[0]?.aborted).toBe(false);
    const later = flights.join('a', job.start);
    expect(job.signals.length).toBe(2);
    job.land('again');
    expect(await later).toBe('again');
  });

  it('keeps keys apart', async () => {
    const flights = new SharedFlights<string>();
    const values = await Promise.all([
      flights.join('a', () => Promise.resolve('a')),
      flights.join('b', () => Promise.resolve('b')),
    ]);
    expect(values).toEqual(['a', 'b']);
  });

  it('lets one caller leave without harm to the other', async () => {
    const flights = new SharedFlights<string>();
    const job = controlled();
    const leaver = new AbortController();
    const left = rejection(flights.join('a', job.start, leaver.signal));
    const stayed = flights.join('a', job.start, new AbortController().signal);
    leaver.abort('gone');
    expect(await left).toBe('gone');
    expect(job.signals[0]?.aborted).toBe(false);
    job.land('done');
    expect(await stayed).toBe('done');
  });

  it('aborts the job when the last caller leaves, and starts anew for the next', async () => {
    const flights = new SharedFlights<string>();
    const job = controlled();
    const first = new AbortController();
    const second = new AbortController();
    const left = [
      rejection(flights.join('a', job.start, first.signal)),
      rejection(flights.join('a', job.start, second.signal)),
    ];
    first.abort('one');
    second.abort('two');
    expect(await Promise.all(left)).toEqual(['one', 'two']);
    expect(job.signals[0]?.reason).toBe('two');
    const next = flights.join('a', job.start);
    expect(job.signals.length).toBe(2);
    job.land('done');
    expect(await next).toBe('done');
  });

  it('fails all when the job fails, and does not remember it', async () => {
    const flights = new SharedFlights<string>();
    const job = controlled();
    const both = [rejection(flights.join('a', job.start)), rejection(flights.join('a', job.start))];
    const error = new Error('crash');
    job.crash(error);
    expect(await Promise.all(both)).toEqual([error, error]);
    expect(await flights.join('a', () => Promise.resolve('done'))).toBe('done');
  });

  it('does not begin for a caller who has left already', async () => {
    const job = controlled();
    const left = new SharedFlights<string>().join('a', job.start, AbortSignal.abort('gone'));
    expect(await rejection(left)).toBe('gone');
    expect(job.signals.length).toBe(0);
  });
});
