import type { Clock } from '@stowage/types';

const MIB = 1024 * 1024;
/** A rate is that of at least so many bytes, over at least so many milliseconds. */
const WINDOW_BYTES = 2 * MIB;
const WINDOW_MS = 1000;
/** What comes right after a change is not counted, milliseconds: new connections are slow at first. */
const RAMP_MS = 500;
/** With less than this still to come nothing is tried any more. */
const WORTH_TRYING = 16 * MIB;
/** A connection that brings so many bytes a second is not what holds a download up. */
const FAST = 64 * MIB;
/** How many times as fast it must become for more connections to stay. */
const REWARD = 1.25;
const MAX_CONNECTIONS = 8;

/**
 * Finds out by trial over how many connections a download is fastest: twice as many for as long as that is rewarded,
 * and as many as before once it is not. Some servers and links give each connection only so much.
 */
export class ConnectionClimb {
  readonly #clock: Clock;
  #connections = 1;
  /** The rate over half as many connections, in bytes a second. */
  #before = 0;
  #settled = false;
  #bytes = 0;
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  get connections(): number {
    return this.#connections;
  }

  /** Stays with as many connections as there are, whatever comes. */
  settle(connections: number): void {
    this.#connections = connections;
    this.#settled = true;
  }

  /**
   * Takes note of bytes that came.
   *
   * @param left how many are still to come
   * @returns over how many connections from now on
   */
  count(bytes: number, left: number): number {
    if (this.#settled) return this.#connections;
    const elapsed = this.#clock.now() - this.#since;
    // Negative while the ramp lasts.
    if (elapsed < 0) return this.#connections;
    this.#bytes += bytes;
    if (this.#bytes < WINDOW_BYTES || elapsed < WINDOW_MS) {
      if (this.#bytes >= FAST) this.settle(this.#connections);
      return this.#connections;
    }
    this.#judge((this.#bytes / elapsed) * 1000, left);
    return this.#connections;
  }

  #judge(rate: number, left: number): void {
    if (rate < this.#before * REWARD) this.settle(this.#connections / 2);
    else if (rate >= FAST || left < WORTH_TRYING || this.#connections === MAX_CONNECTIONS) {
      this.settle(this.#connections);
    } else {
      this.#before = rate;
      this.#connections *= 2;
      this.#bytes = 0;
      this.#since = this.#clock.now() + RAMP_MS;
    }
  }
}
