import { unavailable, WorkerHandle } from './worker-handle.ts';
import type { WorkerLike } from './worker-handle.ts';
import { processorCount, startWorker } from './worker-start.ts';

// Loaded on demand, with the first stage that asks for a worker.

/** What `createWorkerPool` takes. */
export interface WorkerPoolInit {
  /**
   * Makes a worker that calls `serveWorker` of `@stowage/core/worker`. Default: from a text that this package brings, as a
   * thread of Node, Deno or Bun, or through a `blob:` address, which the policy of a page may forbid.
   */
  readonly create?: (() => WorkerLike | Promise<WorkerLike>) | undefined;
  /** The most workers at once. Default: as many as there are processors, 4 at most. */
  readonly size?: number | undefined;
}

/** A share in a worker of a pool. */
export interface WorkerLease {
  readonly member: unknown;
  readonly handle: WorkerHandle;
  /** Gives the share back. Call it once. */
  release(): void;
}

/** More workers than this only compete for memory. */
const MAX_SIZE = 4;

/** How long a worker without work is kept, in milliseconds. */
const IDLE_TIME = 10_000;

/** A worker of the pool, from before it has started. */
class Member {
  readonly starting: Promise<WorkerHandle>;
  handle: WorkerHandle | undefined;
  leases = 0;
  idle: ReturnType<typeof setTimeout> | undefined;
  closed = false;

  constructor(start: (self: Member) => Promise<WorkerHandle>) {
    this.starting = start(this);
    this.starting.catch(() => undefined);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.idle);
    await this.handle?.end(unavailable('the workers were closed'));
  }
}

/** Starts workers, shares them out and ends them. */
export class LeasingPool {
  readonly #create: () => WorkerLike | Promise<WorkerLike>;
  readonly #size: number;
  readonly #members = new Set<Member>();
  /** Whether workers cannot be had. */
  #refused = false;

  constructor({ create = startWorker, size = Math.min(processorCount(), MAX_SIZE) }: WorkerPoolInit = {}) {
    this.#create = create;
    this.#size = size;
  }

  /**
   * A share in the worker that has the least to do; `undefined` where no worker can be had. `UNAVAILABLE` when the pool
   * is closed meanwhile.
   *
   * @param others asks for another worker than those of these leases
   */
  async lease(others: readonly WorkerLease[] = []): Promise<WorkerLease | undefined> {
    const member = this.#refused ? undefined : this.#leastBusy(others);
    if (member === undefined) return undefined;
    clearTimeout(member.idle);
    member.leases += 1;
    try {
      const handle = await member.starting;
      return {
        member,
        handle,
        release: () => {
          this.#release(member);
        },
      };
    } catch (error) {
      if (member.closed) throw error;
      // Whoever is refused once is not asked again: it is the policy of the page, or the permissions of the process.
      this.#refused = true;
      this.#members.delete(member);
      return undefined;
    }
  }

  /** How many shares are held, or waited for. */
  get leases(): number {
    let count = 0;
    for (const { leases } of this.#members) count += leases;
    return count;
  }

  async close(): Promise<void> {
    const members = [...this.#members];
    this.#members.clear();
    this.#refused = false;
    await Promise.all(members.map((member) => member.close()));
  }

  #leastBusy(others: readonly WorkerLease[]): Member | undefined {
    const [least] = [...this.#members]
      .filter((candidate) => !others.some(({ member }) => member === candidate))
      .sort((one, other) => one.leases - other.leases);
    if (least?.leases === 0 || this.#members.size >= this.#size) return least;
    const member = new Member((self) => this.#start(self));
    this.#members.add(member);
    return member;
  }

  async #start(member: Member): Promise<WorkerHandle> {
    const handle = new WorkerHandle(await this.#create(), () => this.#members.delete(member));
    member.handle = handle;
    if (member.closed) await member.close();
    await handle.ready;
    return handle;
  }

  #release(member: Member): void {
    member.leases -= 1;
    if (member.leases > 0 || !this.#members.has(member)) return;
    member.idle = setTimeout(() => {
      this.#members.delete(member);
      void member.close();
    }, IDLE_TIME);
    // In Node a timer is an object that could keep the process alive.
    (member.idle as { unref?(): void }).unref?.();
  }
}
