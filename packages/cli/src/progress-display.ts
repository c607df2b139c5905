import { discardProgress, formatJsonProgress, formatProgressBar } from '@stowage/types';
import type { Progress, ProgressOutput, ProgressSnapshot } from '@stowage/types';
import type { OutputStream } from './environment.ts';
import { printable } from './printable.ts';
import { TerminalProgress } from './terminal-progress.ts';

/** Shows progress to whoever looks at standard output. */
export interface ProgressDisplay {
  /** Shows a step. */
  update(progress: Progress): void;
  /** Shows where the work stands as a whole; absent where that is not shown: it is on terminals alone. */
  observe?(snapshot: ProgressSnapshot): void;
  /** Nothing more comes; what was held back is shown. */
  finish(): void;
}

/** What decides how progress is shown. */
export interface ProgressFlags {
  /** JSON lines, as docker's API sends them. */
  readonly json?: boolean | undefined;
  /** Nothing at all. */
  readonly quiet?: boolean | undefined;
}

/** Chooses how progress is shown: not at all, as JSON, drawn on a terminal, or as plain lines. */
export function createProgressDisplay(stream: OutputStream, { json, quiet }: ProgressFlags): ProgressDisplay {
  const finish = (): void => undefined;
  if (json === true) {
    return {
      finish,
      update: (progress) => {
        stream.write(formatJsonProgress(progress));
      },
    };
  }
  if (quiet === true) return { finish, update: discardProgress };
  return stream.isTTY === true ? new TerminalProgress(stream) : { finish, update: plainLines(stream) };
}

/** Shows the progress of some work, and is done with that before the work's result is there. */
export async function withProgress<T>(
  stream: OutputStream,
  flags: ProgressFlags,
  work: (onProgress: ProgressOutput) => Promise<T>,
): Promise<T> {
  const display = createProgressDisplay(stream, flags);
  try {
    return await work((progress) => {
      display.update(progress);
    });
  } finally {
    display.finish();
  }
}

/** One line for each change of words. Steps that only count are left out. */
function plainLines(stream: OutputStream): (progress: Progress) => void {
  const last = new Map<string, string>();
  return (progress) => {
    const { id, message = '', action = '' } = progress;
    const words = message === '' ? action : message;
    const counts = message === '' && formatProgressBar(progress, 0) !== '';
    if (words === '' || counts || (message === '' && last.get(id) === words)) return;
    last.set(id, words);
    stream.write(`${printable(id === '' ? words : `${id}: ${words}`)}\n`);
  };
}
