// XXH64, the content checksum of zstd frames, with a seed of 0.

const PRIME_1: u64 = 0x9e3779b185ebca87;
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME_3: u64 = 0x165667b19e3779f9;
const PRIME_4: u64 = 0x85ebca77c2b2ae63;
const PRIME_5: u64 = 0x27d4eb2f165667c5;

class Lanes {
  static first: u64 = 0;
  static second: u64 = 0;
  static third: u64 = 0;
  static fourth: u64 = 0;
  static length: u64 = 0;
}

export function beginHash(): void {
  Lanes.first = PRIME_1 + PRIME_2;
  Lanes.second = PRIME_2;
  Lanes.third = 0;
  Lanes.fourth = 0 - PRIME_1;
  Lanes.length = 0;
}

@inline
function round(lane: u64, word: u64): u64 {
  return rotl<u64>(lane + word * PRIME_2, 31) * PRIME_1;
}

/** Takes whole stripes of 32 bytes and answers where the rest begins. */
export function hashStripes(at: usize, end: usize): usize {
  const begun = at;
  let first = Lanes.first;
  let second = Lanes.second;
  let third = Lanes.third;
  let fourth = Lanes.fourth;
  for (; at + 32 <= end; at += 32) {
    first = round(first, load<u64>(at));
    second = round(second, load<u64>(at, 8));
    third = round(third, load<u64>(at, 16));
    fourth = round(fourth, load<u64>(at, 24));
  }
  Lanes.first = first;
  Lanes.second = second;
  Lanes.third = third;
  Lanes.fourth = fourth;
  Lanes.length += at - begun;
  return at;
}

function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * PRIME_1 + PRIME_4;
}

/** The hash of the stripes and of what follows them, less than 32 bytes. */
export function endHash(at: usize, end: usize): u64 {
  let hash: u64 = PRIME_5;
  if (Lanes.length > 0) {
    hash = rotl(Lanes.first, 1) + rotl(Lanes.second, 7) + rotl(Lanes.third, 12) + rotl(Lanes.fourth, 18);
    hash = merge(merge(merge(merge(hash, Lanes.first), Lanes.second), Lanes.third), Lanes.fourth);
  }
  hash += Lanes.length + (end - at);
  for (; at + 8 <= end; at += 8) hash = rotl(hash ^ round(0, load<u64>(at)), 27) * PRIME_1 + PRIME_4;
  if (at + 4 <= end) {
    hash = rotl(hash ^ (<u64>load<u32>(at) * PRIME_1), 23) * PRIME_2 + PRIME_3;
    at += 4;
  }
  for (; at < end; at++) hash = rotl(hash ^ (<u64>load<u8>(at) * PRIME_5), 11) * PRIME_1;
  hash = (hash ^ (hash >> 33)) * PRIME_2;
  hash = (hash ^ (hash >> 29)) * PRIME_3;
  return hash ^ (hash >> 32);
}
