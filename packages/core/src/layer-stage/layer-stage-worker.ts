import type { Bytes, Digester, DigestAlgorithm } from '@stowage/types';
import { digestBackend, createDigester } from '../digest/digester.ts';
import { cancelled, StageCalls } from '../stream/stage-calls.ts';
import { WorkerHash } from './layer-stage-hash.ts';
import { LayerInput } from './layer-stage-input.ts';
import { isPromise } from './layer-stage-output.ts';
import type { StageTakers, TakeOutput } from './layer-stage-output.ts';
import type { TarHeader } from '../tar/tar-header.ts';
import type { LayerFindings, LayerWork } from '../workers/layer-work.ts';
import { decodeError } from '../workers/worker-error.ts';
import type { WorkerHandle } from '../workers/worker-handle.ts';
import { LeasingPool } from '../workers/worker-leasing.ts';
import type { WorkerLease } from '../workers/worker-leasing.ts';
import type { LazyPool } from '../workers/worker-pool.ts';
import type { FromJob } from '../workers/worker-protocol.ts';

// Loaded on demand, as a file of its own: most pages and processes ask for no worker.

type Output = Extract<FromJob, { type: 'output' }>;

/** What {@link WorkerStage} takes. */
export interface WorkerStageInit {
  readonly pool: LazyPool;
  readonly work: LayerWork;
  readonly takers: StageTakers;
  /** Cancels the stage. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Has a worker inflate, scan the archive, and hash, unless another thread has nothing better to do: what crosses to it
 * costs almost as much as the hash itself.
 */
export class WorkerStage {
  readonly #calls: StageCalls;
  readonly #lease: WorkerLease;
  readonly #handle: WorkerHandle;
  readonly #job: number;
  readonly #input: LayerInput;
  readonly #digest: Digester | undefined;
  readonly #diffId: Digester | undefined;
  #hash: WorkerHash | undefined;
  readonly #take: TakeOutput | undefined;
  readonly #onEntry: StageTakers['onEntry'];
  /** Whether this stage keeps the process alive. */
  #held = false;
  readonly #arrived: Output[] = [];
  #taking = false;
  #begun: (() => void) | undefined;
  #findings: LayerFindings | undefined;
  #resolve: ((findings: LayerFindings) => void) | undefined;

  private constructor(
    { takers, signal }: WorkerStageInit,
    lease: WorkerLease,
    work: LayerWork,
    [digest, diffId]: readonly (Digester | undefined)[] = [],
  ) {
    this.#lease = lease;
    this.#handle = lease.handle;
    this.#digest = digest;
    this.#diffId = diffId;
    this.#take = takers.onOutput;
    this.#onEntry = takers.onEntry;
    this.#job = this.#handle.open({
      onMessage: (message) => {
        this.#receive(message);
      },
      onDeath: (error) => {
        this.#calls.close(error);
      },
    });
    // Only now, as opening fails where the worker is gone.
    this.#calls = new StageCalls(() => {
      this.#free();
    }, signal);
    this.#input = new LayerInput(this.#handle, this.#job);
    const output = work.diffId === undefined || this.#take !== undefined;
    this.#handle.post({ type: 'begin', job: this.#job, work, output });
  }

  /** Begins. `undefined` where no worker can be had; rejects with what keeps a worker from beginning. */
  static async create(init: WorkerStageInit): Promise<WorkerStage | undefined> {
    const pool = (init.pool.leasing ??= new LeasingPool(init.pool.init));
    const lease = await leaseUntil(pool, init.signal);
    if (lease === undefined) return undefined;
    const stage = await WorkerStage.#open(init, pool, lease);
    await stage.#begin();
    return stage;
  }

  /** Shares the work out. The leases are the stage's own once there is one. */
  static async #open(init: WorkerStageInit, pool: LeasingPool, lease: WorkerLease): Promise<WorkerStage> {
    const { work, signal } = init;
    let second: WorkerLease | undefined;
    try {
      // A native hash costs this thread little: it takes that of the blob, whose bytes are here, and the other one too
      // where no other layer keeps the workers busy.
      if (digestBackend() === 'native') {
        const [here, there] = pool.leases === 1 ? [work.diffId, undefined] : [undefined, work.diffId];
        const digesters = await Promise.all([digesterFor(work.digest), digesterFor(here)]);
        signal?.throwIfAborted();
        return new WorkerStage(init, lease, { ...work, digest: undefined, diffId: there }, digesters);
      }
      // Where there is none, as in a page, this thread is left alone. The hash of the plain bytes then costs more than
      // all the rest, and gets a worker of its own where there are two.
      second = work.diffId === undefined ? undefined : await pool.lease([lease]);
      signal?.throwIfAborted();
      if (work.diffId === undefined || second === undefined) return new WorkerStage(init, lease, work);
      const stage = new WorkerStage(init, lease, { ...work, diffId: undefined });
      stage.#hashIn(second, work.diffId);
      return stage;
    } catch (error) {
      lease.release();
      second?.release();
      throw error;
    }
  }

  #hashIn(lease: WorkerLease, algorithm: DigestAlgorithm): void {
    this.#hash = new WorkerHash(lease, algorithm, {
      onTaken: (buffer) => {
        this.#handle.release(this.#job, buffer);
      },
      onFailure: (error) => {
        this.#calls.close(error);
      },
    });
  }

  #begin(): Promise<void> {
    return this.#calls.run(async () => {
      this.#hold();
      await new Promise<void>((resolve) => (this.#begun = resolve));
      this.#letGo();
    });
  }

  write(bytes: Bytes): void | Promise<void> {
    if (!this.#calls.idle) return this.#calls.run(() => Promise.resolve());
    this.#digest?.update(bytes);
    const put = this.#input.put(bytes);
    if (put === bytes.length && !this.#calls.closed) return undefined;
    return this.#calls.run(async () => {
      this.#hold();
      for (let at = put; at < bytes.length; at += this.#input.put(bytes.subarray(at))) {
        await this.#input.room();
      }
      this.#letGo();
    });
  }

  end(): Promise<LayerFindings> {
    return this.#calls.finish(async () => {
      this.#hold();
      this.#input.send();
      this.#handle.post({ type: 'end', job: this.#job });
      const found = await new Promise<LayerFindings>((resolve) => (this.#resolve = resolve));
      return {
        ...found,
        digest: this.#digest?.digest() ?? found.digest,
        diffId: this.#diffId?.digest() ?? (await this.#hash?.digest()) ?? found.diffId,
      };
    });
  }

  /** Frees everything. What waits, and every later call, rejects with the reason. */
  cancel(reason: unknown = cancelled()): void {
    this.#calls.close(reason);
  }

  #receive(message: FromJob): void {
    switch (message.type) {
      case 'begun':
        this.#begun?.();
        break;
      case 'taken':
        this.#input.taken(message.buffer);
        break;
      case 'output':
        this.#arrived.push(message);
        if (!this.#taking) this.#takeArrived();
        break;
      case 'entries':
        this.#tell(message.entries);
        break;
      case 'ended':
        this.#findings = message.findings;
        this.#settle();
        break;
      case 'failed':
        this.#calls.close(decodeError(message.error));
        break;
      case 'deflated':
        break;
    }
  }

  #tell(entries: readonly TarHeader[]): void {
    try {
      for (const entry of entries) this.#onEntry?.(entry);
      this.#handle.release(this.#job);
    } catch (error) {
      this.#calls.close(error);
    }
  }

  /** Hands on what has arrived, until the taker needs time. */
  #takeArrived(): void {
    try {
      for (let next = this.#arrived.shift(); next !== undefined; next = this.#arrived.shift()) {
        const bytes = new Uint8Array(next.buffer, 0, next.length);
        this.#diffId?.update(bytes);
        const taken = this.#take?.(bytes);
        if (isPromise(taken)) {
          this.#waitFor(taken, next);
          return;
        }
        this.#passOn(next);
      }
    } catch (error) {
      this.#calls.close(error);
    }
    this.#settle();
  }

  #waitFor(taken: Promise<void>, output: Output): void {
    this.#taking = true;
    taken.then(
      () => {
        this.#taking = false;
        this.#passOn(output);
        this.#takeArrived();
      },
      (error: unknown) => {
        this.#calls.close(error);
      },
    );
  }

  /** Output goes from the taker to the worker that hashes, if there is one, and then back. */
  #passOn({ buffer, length }: Output): void {
    if (this.#hash === undefined || this.#calls.closed) this.#handle.release(this.#job, buffer);
    else this.#hash.update(buffer, length);
  }

  /** Resolves `end` once the worker is through and everything was taken. */
  #settle(): void {
    if (this.#findings !== undefined && !this.#taking && this.#arrived.length === 0) {
      this.#resolve?.(this.#findings);
    }
  }

  #hold(): void {
    this.#held = true;
    this.#handle.hold();
  }

  #letGo(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#handle.letGo();
  }

  #free(): void {
    this.#letGo();
    this.#handle.close(this.#job);
    if (this.#findings === undefined) this.#handle.post({ type: 'cancel', job: this.#job });
    this.#input.clear();
    for (const { buffer } of this.#arrived) this.#handle.release(this.#job, buffer);
    this.#arrived.length = 0;
    this.#lease.release();
    this.#hash?.free();
  }
}

function digesterFor(algorithm: DigestAlgorithm | undefined): Promise<Digester> | undefined {
  return algorithm === undefined ? undefined : createDigester(algorithm);
}

/** A share in a worker. An abort ends the wait for one that starts; the share then goes back when it comes. */
function leaseUntil(pool: LeasingPool, signal: AbortSignal | undefined): Promise<WorkerLease | undefined> {
  const leased = pool.lease();
  if (signal === undefined) return leased;
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop);
    leased
      .then((lease) => {
        if (signal.aborted) lease?.release();
        resolve(lease);
      }, reject)
      .finally(() => {
        signal.removeEventListener('abort', stop);
      });
  });
}
