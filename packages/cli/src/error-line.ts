import { printable } from './printable.ts';

/** An error as standard error shows it: one line. */
export function errorLine(error: unknown): string {
  const text = oneLine(error instanceof Error ? error.message : String(error));
  return `error: ${text === '' ? 'unknown error' : text}\n`;
}

/** A warning as standard error shows it: one line. */
export function warningLine(message: string): string {
  return `warning: ${oneLine(message)}\n`;
}

function oneLine(message: string): string {
  return printable(message.trim().replaceAll(/\s*[\r\n]+\s*/g, ' '));
}
