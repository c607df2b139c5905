const NAMED: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** Everything but what Go takes for printable: letters, marks, numbers, punctuation, symbols and the ASCII space. */
const SPECIAL = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** Quotes as Go's `%q` does, the form in which moby's messages show what they complain about. */
export function goQuote(text: string): string {
  return `"${text.replace(SPECIAL, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  const hex = (digits: number): string => code.toString(16).padStart(digits, '0');
  if (code < 0x80) return `\\x${hex(2)}`;
  // Half of a surrogate pair is no text in Go, which has this in its place.
  if (code >= 0xd800 && code < 0xe000) return '\uFFFD';
  return code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}
