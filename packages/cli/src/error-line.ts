import { printable } from './printable.ts';

/** An error as standard error shows it: one line. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const text = message.trim().replaceAll(/\s*[\r\n]+\s*/g, ' ');
  return `error: ${printable(text === '' ? 'unknown error' : text)}\n`;
}
