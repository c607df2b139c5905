import { describe, expect, it } from 'vitest';
import { ConnectionClimb } from './connection-climb.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';

const MIB = 1024 * 1024;
const PLENTY = 1024 * MIB;

/** A download over a link that brings `rateOf(connections)` bytes a second; answers the connections, second by second. */
function climb(seconds: number, rateOf: (connections: number) => number, left = PLENTY): number[] {
  const clock = new TestClock();
  const subject = new ConnectionClimb(clock);
  const history: number[] = [];
  for (let second = 0; second < seconds; second += 1) {
    for (let tenth = 0; tenth < 10; tenth += 1) {
      clock.advance(100);
      subject.count(rateOf(subject.connections) / 10, left);
    }
    history.push(subject.connections);
  }
  return history;
}

describe('a climb', () => {
  it('goes on for as long as it is rewarded', () => {
    expect(climb(10, (connections) => connections * 4 * MIB)).toEqual([2, 2, 4, 8, 8, 8, 8, 8, 8, 8]);
  });

  it('goes back where it is not', () => {
    expect(climb(6, () => 8 * MIB)).toEqual([2, 2, 1, 1, 1, 1]);
    expect(climb(8, (connections) => Math.min(connections, 3) * 4 * MIB)).toEqual([2, 2, 4, 8, 8, 4, 4, 4]);
    expect(climb(8, (connections) => Math.min(connections, 2) * 4 * MIB)).toEqual([2, 2, 4, 2, 2, 2, 2, 2]);
  });

  it('does not begin on a link that is fast, however short the time', () => {
    expect(climb(3, () => 80 * MIB)).toEqual([1, 1, 1]);
    const subject = new ConnectionClimb(new TestClock());
    expect(subject.count(64 * MIB, PLENTY)).toBe(1);
  });

  it('does not begin with little left, and waits for enough to go by', () => {
    expect(climb(3, () => 4 * MIB, 15 * MIB)).toEqual([1, 1, 1]);
    expect(climb(5, () => MIB / 2)).toEqual([1, 1, 1, 2, 2]);
  });

  it('stays where it is told to', () => {
    const clock = new TestClock();
    const subject = new ConnectionClimb(clock);
    subject.settle(1);
    clock.advance(5000);
    expect(subject.count(32 * MIB, PLENTY)).toBe(1);
  });

  it('does not count what comes right after a change', () => {
    const clock = new TestClock();
    const subject = new ConnectionClimb(clock);
    const pass = (milliseconds: number, bytes: number): number => {
      clock.advance(milliseconds);
      return subject.count(bytes, PLENTY);
    };
    expect(pass(1000, 4 * MIB)).toBe(2);
    expect(pass(400, 60 * MIB)).toBe(2);
    expect(pass(1100, 4 * MIB)).toBe(1);
  });
});
