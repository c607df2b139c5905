import type { Bytes } from '@stowage/types';
import { ThreadStage } from './layer-stage-thread.ts';
import { encodeError } from '../workers/worker-error.ts';
import type { TarHeader } from '../tar/tar-header.ts';
import { ENTRIES_AT_ONCE, MAX_IN_FLIGHT } from '../workers/worker-protocol.ts';
import type { BufferPool, FromJob, ToWorker, WorkerPort } from '../workers/worker-protocol.ts';

/** What the thread that made the job is to take, and to say when it has. */
type Told = Extract<FromJob, { type: 'output' | 'entries' }>;

/** One layer in a worker. Its steps are taken one after the other, as they were asked for. */
export class WorkerJob {
  readonly #port: WorkerPort;
  readonly #buffers: BufferPool;
  readonly #id: number;
  /** Whether the plain bytes are asked for. */
  readonly #output: boolean;
  readonly #onDone: () => void;
  readonly #stage: Promise<ThreadStage>;
  #last: Promise<void> = Promise.resolve();
  /** Steps that are not over yet. */
  #steps = 0;
  #done = false;
  /** The buffer that is being filled with output. */
  #buffer: ArrayBuffer | undefined;
  #filled = 0;
  /** The entries of the archive that were not told yet. */
  #entries: TarHeader[] = [];
  /** What there is no room for under way. */
  readonly #waiting: Told[] = [];
  #underWay = 0;
  /** Ends the wait for room. */
  #roomy: (() => void) | undefined;

  /** @param onDone called once nothing more is to be heard of the job */
  constructor(
    port: WorkerPort,
    buffers: BufferPool,
    { job, work, output }: Extract<ToWorker, { type: 'begin' }>,
    onDone: () => void,
  ) {
    this.#port = port;
    this.#buffers = buffers;
    this.#id = job;
    this.#output = output;
    this.#onDone = onDone;
    this.#stage = ThreadStage.create(work, {
      onOutput: (bytes) => this.#take(bytes),
      onEntry: (entry) => {
        this.#tell(entry);
      },
    });
    this.#step(() => {
      port.post({ type: 'begun', job }, []);
    });
  }

  input({ buffer, length }: Extract<ToWorker, { type: 'input' }>): void {
    this.#step(async (stage) => {
      await stage.write(new Uint8Array(buffer, 0, length));
      // With nothing else to do, what there is need not wait for a full buffer.
      if (this.#steps === 1 && this.#underWay < MAX_IN_FLIGHT) this.#flush();
    }, buffer);
  }

  end(): void {
    this.#step(async (stage) => {
      const findings = await stage.end();
      this.#flush();
      this.#flushEntries();
      if (this.#waiting.length > 0) await this.#room();
      if (this.#done) return;
      this.#port.post({ type: 'ended', job: this.#id, findings }, []);
      this.#finish();
    });
  }

  /** Output or entries were taken: there is room for more. */
  released(): void {
    this.#underWay -= 1;
    this.#send();
    if (this.#waiting.length === 0) this.#roomy?.();
  }

  cancel(): void {
    this.#finish();
    this.#stage.then(
      (stage) => {
        stage.cancel();
      },
      () => undefined,
    );
  }

  /** @param input goes back after the step, however it went */
  #step(work: (stage: ThreadStage) => Promise<void> | void, input?: ArrayBuffer): void {
    this.#steps += 1;
    const run = async (): Promise<void> => {
      try {
        const stage = await this.#stage;
        if (!this.#done) await work(stage);
      } catch (error) {
        if (this.#done) return;
        this.#finish();
        this.#port.post({ type: 'failed', job: this.#id, error: encodeError(error) }, []);
      } finally {
        this.#steps -= 1;
        if (input !== undefined) this.#port.post({ type: 'taken', job: this.#id, buffer: input }, [input]);
      }
    };
    this.#last = this.#last.then(run);
  }

  #finish(): void {
    this.#done = true;
    this.#waiting.length = 0;
    if (this.#buffer !== undefined) this.#buffers.put(this.#buffer);
    this.#buffer = undefined;
    this.#filled = 0;
    this.#entries = [];
    this.#roomy?.();
    this.#onDone();
  }

  /** Copies output into buffers. A decoder cannot be held up, so there may be more of them than can be under way. */
  #take(bytes: Bytes): void | Promise<void> {
    for (let at = this.#output ? 0 : bytes.length; at < bytes.length;) {
      this.#buffer ??= this.#buffers.take();
      const part = bytes.subarray(at, at + this.#buffer.byteLength - this.#filled);
      new Uint8Array(this.#buffer).set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === this.#buffer.byteLength) this.#flush();
    }
    return this.#waiting.length === 0 ? undefined : this.#room();
  }

  #flush(): void {
    if (this.#buffer === undefined || this.#filled === 0) return;
    this.#waiting.push({ type: 'output', job: this.#id, buffer: this.#buffer, length: this.#filled });
    this.#buffer = undefined;
    this.#filled = 0;
    this.#send();
  }

  #tell(entry: TarHeader): void {
    this.#entries.push(entry);
    if (this.#entries.length === ENTRIES_AT_ONCE) this.#flushEntries();
  }

  #flushEntries(): void {
    if (this.#entries.length === 0) return;
    this.#waiting.push({ type: 'entries', job: this.#id, entries: this.#entries });
    this.#entries = [];
    this.#send();
  }

  #send(): void {
    while (this.#underWay < MAX_IN_FLIGHT) {
      const told = this.#waiting.shift();
      if (told === undefined) return;
      this.#underWay += 1;
      this.#port.post(told, told.type === 'output' ? [told.buffer] : []);
    }
  }

  #room(): Promise<void> {
    return new Promise((resolve) => (this.#roomy = resolve));
  }
}
