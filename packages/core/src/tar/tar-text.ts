import type { Bytes } from '@stowage/types';

// Text in a tar archive is bytes. Nearly always they are UTF-8; whatever is not is carried by code units that no UTF-8
// decodes to, so that no two runs of bytes become one text.

const ESCAPE = 0xdc00;
const LONE_SURROGATE = /[\ud800-\udfff]/u;
const NO_BYTE = /[\ud800-\udbff]|[\udc00-\udc7f]|[\udd00-\udfff]/u;
/** Up to this length a call of the decoder costs more than the decoding. */
const SHORT = 16;
/** How many arguments a call may have. */
const UNITS_AT_ONCE = 4096;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Bytes of a name, a link or the value of an extended attribute as text: UTF-8, and each byte that is not part of any as
 * the code unit U+DC00 + byte. {@link encodeTarText} is the way back.
 *
 * @param bytes as an archive has them
 *
 * @example
 * ```ts
 * import { decodeTarText } from '@stowage/core';
 *
 * console.log(decodeTarText(Uint8Array.of(99, 97, 102, 233)) === 'caf\udce9'); // true
 * ```
 */
export function decodeText(bytes: Bytes): string {
  if (bytes.length <= SHORT && isAscii(bytes)) return textOfUnits(bytes);
  const text = decoder.decode(bytes);
  return text.includes('\ufffd') ? decodeEscaping(bytes) : text;
}

/** The text of a field that ends at its first NUL. */
export function decodeField(bytes: Bytes, at: number, length: number): string {
  const end = at + length;
  let stop = at;
  while (stop < end && bytes[stop] !== 0) stop++;
  return stop === at ? '' : decodeText(bytes.subarray(at, stop));
}

/**
 * The bytes of a name, a link or the value of an extended attribute as the archive has them. Where these are not UTF-8,
 * a `TarHeader` has each stray byte as a code unit from U+DC80 to U+DCFF, which never occurs in text by itself (Python
 * calls this `surrogateescape`); this is the way back.
 *
 * @param text of a header
 * @returns UTF-8, and the stray bytes as they were
 *
 * @example
 * ```ts
 * import { encodeTarText } from '@stowage/core';
 *
 * console.log(encodeTarText('caf\udce9')); // Uint8Array(4) [ 99, 97, 102, 233 ]
 * ```
 */
export function encodeTarText(text: string): Bytes {
  if (!LONE_SURROGATE.test(text)) return encoder.encode(text);
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  // By characters, so that the halves of a pair stay together.
  for (const character of text) {
    const unit = character.charCodeAt(0);
    if (character.length === 1 && unit >= ESCAPE + 0x80 && unit <= ESCAPE + 0xff) {
      bytes[length++] = unit - ESCAPE;
    } else {
      length += encoder.encodeInto(character, bytes.subarray(length)).written;
    }
  }
  return bytes.slice(0, length);
}

/** Whether {@link encodeTarText} knows the bytes of all of a text: half of a surrogate pair has none. */
export function isTarText(text: string): boolean {
  return !NO_BYTE.test(text);
}

function isAscii(bytes: Bytes): boolean {
  let all = 0;
  for (const byte of bytes) all |= byte;
  return all < 0x80;
}

function decodeEscaping(bytes: Bytes): string {
  const units = new Uint16Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length;) {
    const size = sequenceLength(bytes, at);
    const lead = bytes[at] ?? 0;
    if (size === 0) {
      units[length++] = ESCAPE + lead;
      at++;
      continue;
    }
    let point = size === 1 ? lead : lead & (0x7f >> size);
    for (const end = at + size; ++at < end;) point = (point << 6) | ((bytes[at] ?? 0) & 0x3f);
    if (point > 0xffff) {
      units[length++] = 0xd7c0 + (point >> 10);
      units[length++] = 0xdc00 + (point & 0x3ff);
    } else {
      units[length++] = point;
    }
  }
  return textOfUnits(units.subarray(0, length));
}

/** The length of the well-formed UTF-8 sequence at `at` (the Unicode Standard, table 3-7); 0 where there is none. */
function sequenceLength(bytes: Bytes, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const second = bytes[at + 1] ?? 0;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = at + 2; i < at + size; i++) if (((bytes[i] ?? 0) & 0xc0) !== 0x80) return 0;
  return size;
}

function textOfUnits(units: Uint8Array | Uint16Array): string {
  let text = '';
  for (let at = 0; at < units.length; at += UNITS_AT_ONCE) {
    text += Reflect.apply(String.fromCharCode, undefined, units.subarray(at, at + UNITS_AT_ONCE)) as string;
  }
  return text;
}
