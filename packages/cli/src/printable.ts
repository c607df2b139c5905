const CONTROL = /\p{Cc}/gu;

/**
 * Text from outside made safe to show: control characters, which could command a terminal, are written as `\x1b`. The
 * result is one line.
 */
export function printable(text: string): string {
  return text.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Characters that JSON leaves as they are although a terminal may obey them. */
const CONTROL_IN_JSON = /[\u007f-\u009f]/g;

/** A value as JSON that is safe to show. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    CONTROL_IN_JSON,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}
