import type { Bytes, Digester, DigestAlgorithm } from '@stowage/types';
import { digestBackend, createDigester } from './digester.ts';
import { cancelled, StageCalls } from './layer-stage-calls.ts';
import { isPromise } from './layer-stage-output.ts';
import type { TakeOutput } from './layer-stage-output.ts';
import type { LayerFindings, LayerWork } from './layer-stage-thread.ts';
import { decodeError } from './worker-error.ts';
import type { WorkerHandle } from './worker-handle.ts';
import type { WorkerLease } from './worker-pool.ts';
import { BUFFER_SIZE, MAX_IN_FLIGHT } from './worker-protocol.ts';
import type { FromJob } from './worker-protocol.ts';

// Loaded on demand, as a file of its own: most pages and processes ask for no worker.

/** Has a worker inflate, and hash where this thread has no fast hash of its own. */
export class WorkerStage {
  readonly #calls: StageCalls;
  readonly #lease: WorkerLease;
  readonly #handle: WorkerHandle;
  readonly #job: number;
  readonly #digest: Digester | undefined;
  readonly #diffId: Digester | undefined;
  readonly #take: TakeOutput | undefined;
  /** The buffer that is being filled with input. */
  #buffer: ArrayBuffer | undefined;
  #filled = 0;
  #underWay = 0;
  /** Ends the wait for room. */
  #roomy: (() => void) | undefined;
  /** Whether this stage keeps the process alive. */
  #held = false;
  readonly #arrived: Extract<FromJob, { type: 'output' }>[] = [];
  #taking = false;
  #begun: (() => void) | undefined;
  #findings: LayerFindings | undefined;
  #resolve: ((findings: LayerFindings) => void) | undefined;

  private constructor(
    work: LayerWork,
    lease: WorkerLease,
    [digest, diffId]: readonly [Digester | undefined, Digester | undefined],
    take: TakeOutput | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#calls = new StageCalls(() => {
      this.#free();
    }, signal);
    this.#lease = lease;
    this.#handle = lease.handle;
    this.#digest = digest;
    this.#diffId = diffId;
    this.#take = take;
    this.#job = this.#handle.open({
      onMessage: (message) => {
        this.#receive(message);
      },
      onDeath: (error) => {
        this.#calls.close(error);
      },
    });
    const output = diffId !== undefined || take !== undefined;
    this.#handle.post({ type: 'begin', job: this.#job, work, output });
  }

  #begin(): Promise<void> {
    return this.#calls.run(async () => {
      this.#hold();
      await new Promise<void>((resolve) => (this.#begun = resolve));
      this.#letGo();
    });
  }

  /** Begins; the lease is the stage's own from here on. Rejects with what keeps the worker from beginning. */
  static async create(
    work: LayerWork,
    lease: WorkerLease,
    take?: TakeOutput,
    signal?: AbortSignal,
  ): Promise<WorkerStage> {
    try {
      // A native hash costs this thread little, and having it here lets both threads work at once. Where there is
      // none, as in a page, this thread is left alone.
      const here = digestBackend() === 'native';
      const digesterOf = (algorithm: DigestAlgorithm | undefined): Promise<Digester | undefined> =>
        here && algorithm !== undefined ? createDigester(algorithm) : Promise.resolve(undefined);
      const digesters = await Promise.all([digesterOf(work.digest), digesterOf(work.diffId)]);
      const rest = here ? { ...work, digest: undefined, diffId: undefined } : work;
      signal?.throwIfAborted();
      const stage = new WorkerStage(rest, lease, digesters, take, signal);
      await stage.#begin();
      return stage;
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  write(bytes: Bytes): void | Promise<void> {
    if (!this.#calls.idle) return this.#calls.run(() => Promise.resolve());
    this.#digest?.update(bytes);
    const put = this.#put(bytes);
    // Nothing waits in the worker: small pieces need not wait for a full buffer.
    if (this.#underWay === 0) this.#send();
    if (put === bytes.length && !this.#calls.closed) return undefined;
    return this.#calls.run(async () => {
      this.#hold();
      for (let at = put; at < bytes.length; at += this.#put(bytes.subarray(at))) {
        await new Promise<void>((resolve) => (this.#roomy = resolve));
      }
      this.#letGo();
    });
  }

  end(): Promise<LayerFindings> {
    return this.#calls.finish(async () => {
      this.#hold();
      this.#send();
      this.#handle.post({ type: 'end', job: this.#job });
      const found = await new Promise<LayerFindings>((resolve) => (this.#resolve = resolve));
      return {
        ...found,
        digest: this.#digest?.digest() ?? found.digest,
        diffId: this.#diffId?.digest() ?? found.diffId,
      };
    });
  }

  /** Frees everything. What waits, and every later call, rejects with the reason. */
  cancel(reason: unknown = cancelled()): void {
    this.#calls.close(reason);
  }

  /** Copies input into buffers and sends those that are full. Answers how much there was room for. */
  #put(bytes: Bytes): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#buffer === undefined) {
        if (this.#underWay === MAX_IN_FLIGHT) break;
        this.#buffer = this.#handle.buffers.take();
      }
      const part = bytes.subarray(at, at + BUFFER_SIZE - this.#filled);
      new Uint8Array(this.#buffer).set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === BUFFER_SIZE) this.#send();
    }
    return at;
  }

  #send(): void {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#filled === 0) return;
    const length = this.#filled;
    this.#buffer = undefined;
    this.#filled = 0;
    this.#underWay += 1;
    this.#handle.post({ type: 'input', job: this.#job, buffer, length }, [buffer]);
  }

  #receive(message: FromJob): void {
    switch (message.type) {
      case 'begun':
        this.#begun?.();
        break;
      case 'taken':
        this.#underWay -= 1;
        this.#roomy?.();
        if (this.#underWay === 0) this.#send();
        break;
      case 'output':
        this.#arrived.push(message);
        if (!this.#taking) this.#takeArrived();
        break;
      case 'ended':
        this.#findings = message.findings;
        this.#settle();
        break;
      case 'failed':
        this.#calls.close(decodeError(message.error));
        break;
    }
  }

  /** Hands on what has arrived, until the taker needs time. */
  #takeArrived(): void {
    try {
      for (let next = this.#arrived.shift(); next !== undefined; next = this.#arrived.shift()) {
        const { buffer, length } = next;
        const bytes = new Uint8Array(buffer, 0, length);
        this.#diffId?.update(bytes);
        const taken = this.#take?.(bytes);
        if (isPromise(taken)) {
          this.#taking = true;
          this.#wait(taken, buffer);
          return;
        }
        this.#handle.release(this.#job, buffer);
      }
    } catch (error) {
      this.#calls.close(error);
    }
    this.#settle();
  }

  #wait(taken: Promise<void>, buffer: ArrayBuffer): void {
    taken.then(
      () => {
        this.#taking = false;
        this.#handle.release(this.#job, buffer);
        this.#takeArrived();
      },
      (error: unknown) => {
        this.#calls.close(error);
      },
    );
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
    if (this.#buffer !== undefined) this.#handle.buffers.put(this.#buffer);
    this.#buffer = undefined;
    for (const { buffer } of this.#arrived) this.#handle.release(this.#job, buffer);
    this.#arrived.length = 0;
    this.#lease.release();
  }
}
