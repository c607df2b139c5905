import type { Bytes } from '@stowage/types';
import { crc32 } from './crc32.ts';
import { BAD_HEADER, invalidStream, trailingGarbage } from './decoder.ts';
import { DEFLATE } from './inflate-engine.ts';
import type { InflateEngine } from './inflate-engine.ts';
import type { Framing } from './framing.ts';

// RFC 1952, section 2.3.1: the flags of a member.
const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
const RESERVED_FLAGS = 0xe0;
const FIXED_HEADER = 10;

/** What comes next of a header. */
type GzipField = 'fixed' | 'extraLength' | 'extra' | 'name' | 'comment' | 'check';

/** RFC 1952, any number of members. */
export class GzipFraming implements Framing {
  readonly format = 'gzip';
  readonly repeats = true;
  readonly seed = 0;
  readonly trailerLength = 8;
  open = false;
  #members = 0;
  #field: GzipField = 'fixed';
  #flags = 0;
  /** Bytes seen of the field; of the extra field, still to come. */
  #count = 0;
  #extraLength = 0;
  #storedCheck = 0;
  #check = 0;

  start(): void {
    this.#members += 1;
    this.open = false;
    this.#field = 'fixed';
    this.#count = 0;
    this.#check = 0;
  }

  header(bytes: Bytes, at: number): number {
    let next = at;
    const from = this.#field;
    if (from === 'extra') next = this.#skipExtra(bytes, at);
    else if (from === 'name' || from === 'comment') next = this.#skipText(bytes, at);
    else {
      while (next < bytes.length && this.#field === from && !this.open) {
        this.#take(from, bytes[next] as number);
        next += 1;
      }
    }
    // Whether there is a check to compare with shows in the first field.
    if (from === 'fixed' || ((this.#flags & FHCRC) !== 0 && from !== 'check')) {
      this.#check = crc32(bytes.subarray(at, next), this.#check);
    }
    return next;
  }

  check(engine: InflateEngine, _output: Bytes, seed: number): number {
    return engine.crc32(seed);
  }

  trailer(view: DataView, filled: number, check: number | undefined, length: number): void {
    if (filled >= 4 && check !== undefined && view.getUint32(0, true) !== check) {
      throw invalidStream('gzip', 'incorrect data check');
    }
    if (filled === this.trailerLength && view.getUint32(4, true) !== length % 2 ** 32) {
      throw invalidStream('gzip', 'incorrect length check');
    }
  }

  /** Takes a byte of a field of fixed length. */
  #take(field: 'fixed' | 'extraLength' | 'check', byte: number): void {
    const index = this.#count;
    this.#count += 1;
    if (field === 'fixed') {
      this.#checkFixed(index, byte);
      if (this.#count === FIXED_HEADER) this.#after('fixed');
    } else if (field === 'extraLength') {
      this.#extraLength = index === 0 ? byte : this.#extraLength + byte * 256;
      if (this.#count === 2) this.#after(field);
    } else {
      this.#storedCheck = index === 0 ? byte : this.#storedCheck + byte * 256;
      if (this.#count < 2) return;
      if (this.#storedCheck !== (this.#check & 0xffff)) throw invalidStream('gzip', 'header crc mismatch');
      this.open = true;
    }
  }

  #checkFixed(index: number, byte: number): void {
    if ((index === 0 && byte !== 0x1f) || (index === 1 && byte !== 0x8b)) {
      throw this.#members === 1 ? invalidStream('gzip', BAD_HEADER) : trailingGarbage('gzip');
    }
    if (index === 2 && byte !== DEFLATE) throw invalidStream('gzip', 'unknown compression method');
    if (index !== 3) return;
    if ((byte & RESERVED_FLAGS) !== 0) throw invalidStream('gzip', 'unknown header flags set');
    this.#flags = byte;
  }

  #skipExtra(bytes: Bytes, at: number): number {
    const length = Math.min(this.#extraLength, bytes.length - at);
    this.#extraLength -= length;
    if (this.#extraLength === 0) this.#after('extra');
    return at + length;
  }

  #skipText(bytes: Bytes, at: number): number {
    const end = bytes.indexOf(0, at);
    if (end < 0) return bytes.length;
    this.#after(this.#field);
    return end + 1;
  }

  /** Goes on to the field after this one that there is. */
  #after(field: GzipField): void {
    this.#count = 0;
    const flags = this.#flags;
    if (field === 'fixed' && (flags & FEXTRA) !== 0) this.#field = 'extraLength';
    else if (field === 'extraLength' && this.#extraLength > 0) this.#field = 'extra';
    else if (field !== 'name' && field !== 'comment' && (flags & FNAME) !== 0) this.#field = 'name';
    else if (field !== 'comment' && (flags & FCOMMENT) !== 0) this.#field = 'comment';
    else if ((flags & FHCRC) !== 0) this.#field = 'check';
    else this.open = true;
  }
}
