/** The largest prime below 2 ** 16. */
const MODULUS = 65_521;
/** So many bytes can be added before a sum passes 2 ** 32. */
const RUN = 5552;

/** The Adler-32 of zlib streams (RFC 1950, section 8), going on from `seed`, that of what came before; 1 at first. */
export function adler32(bytes: Uint8Array, seed: number): number {
  let sum = seed & 0xffff;
  let sums = seed >>> 16;
  for (let at = 0; at < bytes.length;) {
    for (const end = Math.min(at + RUN, bytes.length); at < end; at += 1) {
      sum += bytes[at] as number;
      sums += sum;
    }
    sum %= MODULUS;
    sums %= MODULUS;
  }
  return sums * 65_536 + sum;
}
