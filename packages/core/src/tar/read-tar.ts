import type { Bytes, ByteStream } from '@stowage/types';
import { StowageError } from '@stowage/types';
import { scanTar } from './scan-tar.ts';
import type { TarLimits } from './scan-tar.ts';
import { expandSparse } from './tar-expand-sparse.ts';
import type { TarHeader } from './tar-header.ts';

/** An entry of a tar stream and its content. */
export interface TarEntry {
  readonly header: TarHeader;
  /**
   * The content; empty for anything but a file, holes of a sparse file filled with zeros as it is read. Read it before asking for the next entry, which makes a body that is
   * not at its end fail with `INVALID_ARGUMENT`. It need not be read or cancelled at all.
   */
  readonly body: ByteStream;
}

/** What {@link readTar} takes. */
export interface ReadTarOptions {
  readonly limits?: TarLimits | undefined;
}

/**
 * Reads a tar stream entry by entry, content included. The source is read as entries and content are asked for, a piece
 * ahead at most, and content that is not wanted is skipped. The stream of entries fails as `scanTar` does. Cancelling it cancels the source.
 *
 * @param options limits
 *
 * @example
 * ```ts
 * import { createTarWriter, readTar, streamOf } from '@stowage/core';
 *
 * const writer = createTarWriter();
 * const parts = writer.entry({ name: 'a.txt' }, new TextEncoder().encode('hello'));
 * const archive = streamOf(...parts, writer.end());
 * for await (const { header, body } of archive.pipeThrough(readTar())) {
 *   console.log(header.name, await new Response(body).text()); // a.txt hello
 * }
 * ```
 */
export function readTar(options: ReadTarOptions = {}): TransformStream<Bytes, TarEntry> {
  return new TarReader(options.limits);
}

/** What one written piece holds, in order. */
type Step = { readonly header: TarHeader } | { readonly bytes: Bytes } | { readonly error: unknown };

/**
 * The scanner turns one written piece into steps at once; the steps are then handed out as they are asked for, and the
 * write ends when all are gone. So at most one piece is held, and a consumer that stops asking stops the source.
 */
class TarReader implements TransformStream<Bytes, TarEntry> {
  readonly readable: ReadableStream<TarEntry>;
  readonly writable: WritableStream<Bytes>;
  #entries!: ReadableStreamDefaultController<TarEntry>;
  #entryWanted = false;
  #body: Body | undefined;
  /** Last first, so that taking one is cheap. */
  #steps: Step[] = [];
  #endWrite: (() => void) | undefined;
  #failWrite: ((error: unknown) => void) | undefined;

  constructor(limits: TarLimits | undefined) {
    let source!: WritableStreamDefaultController;
    this.readable = new ReadableStream<TarEntry>(
      {
        start: (controller) => {
          this.#entries = controller;
        },
        pull: () => {
          this.#entryWanted = true;
          this.#body?.leave();
          this.#advance();
        },
        cancel: (reason) => {
          this.#body?.leave();
          this.#steps = [];
          this.#endWrite?.();
          source.error(reason);
        },
      },
      { highWaterMark: 0 },
    );

    let found: Step[] = [];
    const scanner = scanTar({
      onEntry: (header) => found.push({ header }),
      onContent: (bytes) => found.push({ bytes }),
      limits,
    });
    const scan = (work: () => void): Promise<void> => {
      try {
        work();
      } catch (error) {
        found.push({ error });
      }
      const steps = found.reverse();
      found = [];
      return this.#handOut(steps);
    };
    this.writable = new WritableStream<Bytes>({
      start: (controller) => {
        source = controller;
        // `abort` would wait for a write that waits for a consumer; the signal does not.
        controller.signal.addEventListener('abort', () => {
          this.#fail(controller.signal.reason);
        });
      },
      write: (bytes) =>
        scan(() => {
          scanner.write(bytes);
        }),
      close: async () => {
        await scan(() => {
          scanner.end();
        });
        this.#entries.close();
      },
    });
  }

  /** Resolves when every step has been handed out or dropped. */
  #handOut(steps: Step[]): Promise<void> {
    this.#steps = steps;
    return new Promise((resolve, reject) => {
      this.#endWrite = resolve;
      this.#failWrite = reject;
      this.#advance();
    });
  }

  /** Hands out what was asked for. A step is taken before it is handed out: that may ask for the next one at once. */
  #advance(): void {
    for (;;) {
      const step = this.#steps.at(-1);
      if (step === undefined) {
        this.#endWrite?.();
        return;
      }
      if ('error' in step) {
        this.#fail(step.error);
        return;
      }
      if ('header' in step) {
        if (!this.#entryWanted) return;
        this.#entryWanted = false;
        this.#steps.pop();
        const { header } = step;
        const body = new Body(header.sparse?.storedSize ?? header.size, () => {
          this.#advance();
        });
        this.#body = body;
        this.#entries.enqueue({ header, body: contentOf(header, body.stream) });
      } else {
        if (this.#body?.isWaiting === true) return;
        this.#steps.pop();
        this.#body?.take(step.bytes);
      }
    }
  }

  #fail(error: unknown): void {
    this.#steps = [];
    this.#entries.error(error);
    this.#body?.fail(error);
    this.#failWrite?.(error);
  }
}

function contentOf({ size, sparse }: TarHeader, stored: ByteStream): ByteStream {
  return sparse === undefined ? stored : expandSparse({ size, sparse }, () => stored);
}

/** The stored content of one entry: hands out pieces as they are asked for, or drops them once nobody wants them. */
class Body {
  readonly stream: ByteStream;
  #controller!: ReadableStreamDefaultController<Bytes>;
  #left: number;
  #wanted = false;
  #gone = false;

  constructor(size: number, advance: () => void) {
    this.#left = size;
    this.stream = new ReadableStream<Bytes>(
      {
        start: (controller) => {
          this.#controller = controller;
          if (size === 0) controller.close();
        },
        pull: () => {
          this.#wanted = true;
          advance();
        },
        cancel: () => {
          this.#gone = true;
          advance();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Whether the next piece has to wait until it is asked for. */
  get isWaiting(): boolean {
    return !this.#wanted && !this.#gone;
  }

  take(bytes: Bytes): void {
    this.#left -= bytes.length;
    if (this.#gone) return;
    const last = this.#left === 0;
    this.#wanted = false;
    this.#controller.enqueue(bytes);
    if (last) this.#controller.close();
  }

  leave(): void {
    if (this.#left === 0 || this.#gone) return;
    this.fail(new StowageError('INVALID_ARGUMENT', 'the archive was read on before the end of this entry'));
  }

  fail(error: unknown): void {
    if (this.#left > 0 && !this.#gone) this.#controller.error(error);
    this.#gone = true;
  }
}
