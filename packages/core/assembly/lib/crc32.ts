// The CRC-32 of gzip (ISO 3309) of bytes in the memory of the kernel that takes this in. Uses 0x400 to 0x2800 of it.

/** What one byte does to the CRC: 256 words. */
const TABLE: usize = 0x400;
/** The same, for each of eight bytes, seen from where their lane goes on 24 bytes later: eight times 256 words. */
const LANE: usize = 0x800;
const POLYNOMIAL: u32 = 0xedb88320;

let tablesMade: bool = false;

function makeTables(): void {
  for (let byte: usize = 0; byte < 256; byte++) {
    let crc = <u32>byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
    store<u32>(TABLE + (byte << 2), crc);
  }
  for (let byte: usize = 0; byte < 256; byte++) {
    let crc = load<u32>(TABLE + (byte << 2));
    for (let zeros: usize = 1; zeros < 24; zeros++) {
      crc = load<u32>(TABLE + ((crc & 0xff) << 2)) ^ (crc >> 8);
      // Byte j of a word has 23 - j bytes between itself and the lane's next word.
      if (zeros >= 16) store<u32>(LANE + ((23 - zeros) << 10) + (byte << 2), crc);
    }
  }
  tablesMade = true;
}

@inline
function advance(word: u64): u64 {
  return (
    i64.load32_u((<usize>word << 2) & 0x3fc, LANE) ^
    i64.load32_u(<usize>(word >> 6) & 0x3fc, LANE + 0x400) ^
    i64.load32_u(<usize>(word >> 14) & 0x3fc, LANE + 0x800) ^
    i64.load32_u(<usize>(word >> 22) & 0x3fc, LANE + 0xc00) ^
    i64.load32_u(<usize>(word >> 30) & 0x3fc, LANE + 0x1000) ^
    i64.load32_u(<usize>(word >> 38) & 0x3fc, LANE + 0x1400) ^
    i64.load32_u(<usize>(word >> 46) & 0x3fc, LANE + 0x1800) ^
    i64.load32_u(<usize>(word >> 54) & 0x3fc, LANE + 0x1c00)
  );
}

/** The CRC of `length` bytes, going on from `seed`, that of what came before. */
export function crc32(at: usize, length: usize, seed: u32): u32 {
  if (!tablesMade) makeTables();
  const end = at + length;
  let crc = ~seed;
  if (length >= 48) {
    // Three words at a time, each in a lane of its own: none waits for the one before it. What a lane holds is to be
    // added to its next word.
    let first: u64 = crc;
    let second: u64 = 0;
    let third: u64 = 0;
    for (const last = end - 48; at <= last; at += 24) {
      first = advance(first ^ load<u64>(at));
      second = advance(second ^ load<u64>(at, 8));
      third = advance(third ^ load<u64>(at, 16));
    }
    // The lanes end at three words that follow one another.
    crc = word(<u32>first, at);
    crc = word(crc ^ <u32>second, at + 8);
    crc = word(crc ^ <u32>third, at + 16);
    at += 24;
  }
  while (at < end) crc = load<u32>(TABLE + (((crc ^ load<u8>(at++)) & 0xff) << 2)) ^ (crc >> 8);
  return ~crc;
}

function word(crc: u32, at: usize): u32 {
  for (const end = at + 8; at < end; at++) {
    crc = load<u32>(TABLE + (((crc ^ load<u8>(at)) & 0xff) << 2)) ^ (crc >> 8);
  }
  return crc;
}
