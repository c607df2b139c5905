import type { Bytes } from '../bytes.ts';

// How Go reads text out of JSON and writes it; not exported from the package.

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

/** Halves of surrogate pairs that stand alone: in a `u` expression the whole ones are characters of their own. */
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

/** What stands for bytes and halves of characters that are no text. */
const REPLACEMENT = '\ufffd';

/** What Go's encoder escapes in a string; the second part is all but what may stand as it is: controls and halves. */
const ESCAPED = /["\\<>&\u2028\u2029]|[^ -\ud7ff\ue000-\u{10ffff}]/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** Decodes UTF-8 as Go's range over a string does: every byte that is no part of a character becomes U+FFFD. */
export function decodeUtf8(bytes: Bytes): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeBroken(bytes);
  }
}

/** Puts U+FFFD in the place of halves of characters. */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, REPLACEMENT);
}

/** Writes a string as Go 1.20 does, which has no short forms for backspace and form feed. */
export function quoteGoString(text: string): string {
  return `"${text.replace(ESCAPED, escape)}"`;
}

/** Escapes what Go escapes in JSON that is there already. */
export function escapeHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, escape);
}

/** Orders as Go orders strings, by bytes of UTF-8: by code points, not by JavaScript's code units. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let index = 0;
  while (index < length && a.charCodeAt(index) === b.charCodeAt(index)) index += 1;
  if (index === length) return a.length - b.length;
  return rank(a.charCodeAt(index)) - rank(b.charCodeAt(index));
}

/** Halves of characters beyond U+FFFF sort after every other code unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

function escape(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  return code >= 0xd800 && code < 0xe000 ? '\\ufffd' : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** The slow way, for text that is not all UTF-8. Runs of good characters are decoded at once. */
function decodeBroken(bytes: Bytes): string {
  let text = '';
  let good = 0;
  let at = 0;
  while (at < bytes.length) {
    const width = characterWidth(bytes, at);
    if (width > 0) {
      at += width;
      continue;
    }
    text += lenient.decode(bytes.subarray(good, at)) + REPLACEMENT;
    at += 1;
    good = at;
  }
  return text + lenient.decode(bytes.subarray(good));
}

/** How many bytes the character at `at` takes; 0 where there is none (Unicode, table 3-7). */
function characterWidth(bytes: Bytes, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const width = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  const [from, to] = SECOND_BYTE[lead] ?? [0x80, 0xbf];
  if (second < from || second > to) return 0;
  for (let index = 2; index < width; index += 1) {
    if (((bytes[at + index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return width;
}

/** Lead bytes after which not every continuation may follow. */
const SECOND_BYTE: Readonly<Record<number, readonly [number, number]>> = {
  0xe0: [0xa0, 0xbf],
  0xed: [0x80, 0x9f],
  0xf0: [0x90, 0xbf],
  0xf4: [0x80, 0x8f],
};
