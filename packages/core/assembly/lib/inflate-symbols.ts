// Literals and matches (RFC 1951, section 3.2.5).

import {
  DISTANCE_BITS,
  DISTANCE_MASK,
  DISTANCES,
  ERROR_DISTANCE,
  ERROR_LITERAL,
  ERROR_TOO_FAR,
  FULL,
  GO_ON,
  INVALID,
  LITERAL_BITS,
  LITERAL_MASK,
  LITERALS,
  NEEDS_INPUT,
  SPECIAL,
  SUBTABLE,
  USED,
  WINDOW_SIZE,
} from './inflate-layout';
import { endBlock, pull, State } from './inflate-state';

@inline
function subtableOffset(entry: u64, hold: u64): u32 {
  return <u32>(entry >> 16) + (<u32>hold & ((1 << <u32>(entry >> 8)) - 4));
}

/** Copies a match, and notes what it takes of a window that is watched. */
function copyNoted(to: usize, distance: usize, length: usize): void {
  const before = State.watched - <i32>(to - distance);
  if (State.watching && before > 0) memory.fill(USED + WINDOW_SIZE - before, 1, min(length, <usize>before));
  for (const end = to + length; to < end; to++) store<u8>(to, load<u8>(to - distance));
}

/** Takes the match that the fast loop was left for, unless it reaches too far. */
export function farMatch(): i32 {
  if (State.farDistance > State.output - State.windowStart) return ERROR_TOO_FAR;
  copyNoted(State.output, State.farDistance, State.farLength);
  State.output += State.farLength;
  return GO_ON;
}

/** Decodes symbols one by one, each only once all of its bits are there. */
export function careful(): i32 {
  while (State.output < FULL) {
    // The longest symbol is a match: 15 + 5 + 15 + 13 bits.
    if (State.inputEnd - State.input >= 8) {
      State.bits |= load<u64>(State.input) << State.count;
      State.input += <usize>((63 - State.count) >> 3);
      State.count |= 56;
      State.bits &= ~(-1 << State.count);
    } else pull(48);
    let hold = State.bits << 2;
    let entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
    let used: u64 = 0;
    if (<i32>entry > 0 && (entry & SUBTABLE) != 0) {
      used = LITERAL_BITS;
      hold >>= LITERAL_BITS;
      entry = i64.load32_u(subtableOffset(entry, hold), LITERALS);
    }
    // Bits that are not there yet count as zeros until it shows that they matter.
    used += entry & 63;
    if (State.count < used) return NEEDS_INPUT;
    if (<i32>entry < 0) {
      store<u8>(State.output++, <u8>(entry >> 8));
      State.bits >>= used;
      State.count -= used;
      continue;
    }
    if ((entry & SPECIAL) != 0) {
      if ((entry & ~63) == INVALID) return ERROR_LITERAL;
      State.bits >>= used;
      State.count -= used;
      endBlock();
      return GO_ON;
    }
    const length = <usize>((entry >> 16) + ((hold & ~(-4 << entry)) >> (entry >> 8)));
    hold >>= entry;
    entry = i64.load32_u(<u32>hold & DISTANCE_MASK, DISTANCES);
    if ((entry & SUBTABLE) != 0) {
      used += DISTANCE_BITS;
      hold >>= DISTANCE_BITS;
      entry = i64.load32_u(subtableOffset(entry, hold), DISTANCES);
    }
    used += entry & 63;
    if (State.count < used) return NEEDS_INPUT;
    if ((entry & SPECIAL) != 0) return ERROR_DISTANCE;
    const distance = <usize>((entry >> 16) + ((hold & ~(-4 << entry)) >> (entry >> 8)));
    if (distance > State.output - State.windowStart) return ERROR_TOO_FAR;
    State.bits >>= used;
    State.count -= used;
    copyNoted(State.output, distance, length);
    State.output += length;
    if (State.inputEnd - State.input >= 32) return GO_ON;
  }
  return GO_ON;
}

/**
 * Decodes symbols while there is input to read eight bytes at a time and room for the longest match.
 *
 * Every `refill` leaves 62 bits that may be looked at, of which 54 to 61 count. Four literals of 11 bits, or one match of
 * at most 48, leave enough of them to find the next entry, so that nothing waits for a refill.
 */
export function fast(): i32 {
  let hold = State.bits << 2;
  // Only the low six bits are right.
  let have = State.count + 2;
  let from = State.input;
  let to = State.output;
  // A match that takes of a watched window leaves the loop as one that is too far.
  const low = State.watching ? max(State.windowStart, <usize>State.watched) : State.windowStart;
  const limit = State.inputEnd - 16;
  let status = GO_ON;
  hold |= load<u64>(from) << have;
  from += <usize>((~have & 63) >> 3);
  have |= 56;
  let entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
  do {
    if (<i32>entry < 0) {
      store<u8>(to++, <u8>(entry >> 8));
      hold >>= entry;
      have -= entry;
      entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
      if (<i32>entry < 0) {
        store<u8>(to++, <u8>(entry >> 8));
        hold >>= entry;
        have -= entry;
        entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
        if (<i32>entry < 0) {
          store<u8>(to++, <u8>(entry >> 8));
          hold >>= entry;
          have -= entry;
          entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
          if (<i32>entry < 0) {
            store<u8>(to++, <u8>(entry >> 8));
            hold >>= entry;
            have -= entry;
            entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
            hold |= load<u64>(from) << have;
            from += <usize>((~have & 63) >> 3);
            have |= 56;
            continue;
          }
        }
      }
      hold |= load<u64>(from) << have;
      from += <usize>((~have & 63) >> 3);
      have |= 56;
    }
    if ((entry & SPECIAL) != 0) {
      if ((entry & SUBTABLE) != 0) {
        hold >>= entry;
        have -= entry;
        entry = i64.load32_u(subtableOffset(entry, hold), LITERALS);
        if (<i32>entry < 0) {
          store<u8>(to++, <u8>(entry >> 8));
          hold >>= entry;
          have -= entry;
          entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
          hold |= load<u64>(from) << have;
          from += <usize>((~have & 63) >> 3);
          have |= 56;
          continue;
        }
      }
      if ((entry & SPECIAL) != 0) {
        if ((entry & ~63) == INVALID) status = ERROR_LITERAL;
        else endBlock();
        hold >>= entry;
        have -= entry;
        break;
      }
    }
    const length = <usize>((entry >> 16) + ((hold & ~(-4 << entry)) >> (entry >> 8)));
    hold >>= entry;
    have -= entry;

    entry = i64.load32_u(<u32>hold & DISTANCE_MASK, DISTANCES);
    if ((entry & SPECIAL) != 0) {
      if ((entry & SUBTABLE) != 0) {
        hold >>= entry;
        have -= entry;
        entry = i64.load32_u(subtableOffset(entry, hold), DISTANCES);
      }
      if ((entry & SPECIAL) != 0) {
        status = ERROR_DISTANCE;
        break;
      }
    }
    const distance = <usize>((entry >> 16) + ((hold & ~(-4 << entry)) >> (entry >> 8)));
    hold >>= entry;
    have -= entry;
    let source = to - distance;
    if (source < low) {
      State.farLength = length;
      State.farDistance = distance;
      status = ERROR_TOO_FAR;
      break;
    }
    // The next symbol is found before the copy, so as not to wait for it afterwards.
    entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
    hold |= load<u64>(from) << have;
    from += <usize>((~have & 63) >> 3);
    have |= 56;

    const end = to + length;
    if (distance >= 8) {
      store<u64>(to, load<u64>(source));
      store<u64>(to, load<u64>(source, 8), 8);
      store<u64>(to, load<u64>(source, 16), 16);
      store<u64>(to, load<u64>(source, 24), 24);
      if (length > 32) {
        do {
          to += 32;
          source += 32;
          store<u64>(to, load<u64>(source));
          store<u64>(to, load<u64>(source, 8), 8);
          store<u64>(to, load<u64>(source, 16), 16);
          store<u64>(to, load<u64>(source, 24), 24);
        } while (to + 32 < end);
      }
    } else if (distance == 1) {
      const run = <u64>load<u8>(source) * 0x0101010101010101;
      do {
        store<u64>(to, run);
        store<u64>(to, run, 8);
        store<u64>(to, run, 16);
        store<u64>(to, run, 24);
        to += 32;
      } while (to < end);
    } else {
      // Each step is right up to the distance; what it writes beyond, the next one writes anew.
      do {
        store<u64>(to, load<u64>(source));
        to += distance;
        source += distance;
      } while (to < end);
    }
    to = end;
  } while (from <= limit && to < FULL);

  State.count = (have & 63) - 2;
  State.bits = (hold >> 2) & ~(-1 << State.count);
  State.input = from;
  State.output = to;
  return status;
}
