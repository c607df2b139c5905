// eslint-disable-next-line no-control-regex -- control characters are what this is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/**
 * Text from outside made safe to show: control characters, which could command a terminal, are written as `\x1b`. The
 * result is one line.
 */
export function printable(text: string): string {
  return text.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
