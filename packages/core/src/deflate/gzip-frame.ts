/** What stands before the deflate data (RFC 1952): no time, no name, no system, so that it says nothing of its making. */
export function gzipHeader(level: number): Uint8Array {
  const UNKNOWN_SYSTEM = 255;
  // The compressor "used maximum compression" or its "fastest algorithm".
  const effort = level === 9 ? 2 : level === 1 ? 4 : 0;
  return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, effort, UNKNOWN_SYSTEM);
}

/** What stands after it: the CRC-32 and the length of what was compressed, modulo 2^32. */
export function gzipTrailer(crc: number, length: number): Uint8Array {
  const trailer = new Uint8Array(8);
  const view = new DataView(trailer.buffer);
  view.setUint32(0, crc, true);
  view.setUint32(4, length % 2 ** 32, true);
  return trailer;
}
