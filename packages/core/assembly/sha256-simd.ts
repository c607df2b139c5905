// SHA-256 (FIPS 180-4, sections 4.1.2, 4.2.2 and 6.2.2): the compression of whole blocks.
//
// Four words of the message schedule at a time are made in vectors, between scalar rounds that use words made before.
// The rounds are what limits it: in V8, leaving the schedule out altogether would gain less than a tenth. The order of
// the operations was chosen by measuring in V8 (Node, Deno, Chromium) and JavaScriptCore (Bun); measure every change.

/** The round constants, section 4.2.2. */
const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
], 16);

/** The next sixteen words of the schedule, each with its round constant added. */
const W: usize = memory.data(64, 16);

/** The running hash: eight words. */
export const STATE: usize = memory.data(32, 16);

/** Where the caller puts whole blocks, {@link ROOM} bytes at most. */
export const DATA: usize = memory.data(0x8000, 16);

/** Bytes that fit at {@link DATA}. Small, so that data and tables stay in the first cache. */
export const ROOM: i32 = 0x8000;

@inline
function sum0(x: u32): u32 {
  return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22);
}

@inline
function sum1(x: u32): u32 {
  return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25);
}

@inline
function choose(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}

/** The small sigma 0 of four words. */
@inline
function sigma0(x: v128): v128 {
  const by7 = v128.or(v128.shr<u32>(x, 7), v128.shl<u32>(x, 25));
  const by18 = v128.or(v128.shr<u32>(x, 18), v128.shl<u32>(x, 14));
  return v128.xor(v128.xor(by7, by18), v128.shr<u32>(x, 3));
}

/** The small sigma 1 of the words 0 and 2 of `x`, which must be in 1 and 3 again: so a 64-bit shift rotates. */
@inline
function sigma1(x: v128): v128 {
  return v128.xor(v128.xor(v128.shr<u64>(x, 17), v128.shr<u64>(x, 19)), v128.shr<u32>(x, 10));
}

/** Words t-16 to t-13 with what does not depend on the words before t, given t-16 and following in four vectors. */
@inline
function early(w0: v128, w1: v128, w2: v128, w3: v128): v128 {
  const t15 = v128.shuffle<u32>(w0, w1, 1, 2, 3, 4);
  const t7 = v128.shuffle<u32>(w2, w3, 1, 2, 3, 4);
  return v128.add<u32>(v128.add<u32>(w0, sigma0(t15)), t7);
}

/** Completes the words t and t+1, out of t-2 and t-1. */
@inline
function lower(sum: v128, w3: v128): v128 {
  const t2 = sigma1(v128.shuffle<u32>(w3, w3, 2, 2, 3, 3));
  return v128.add<u32>(sum, v128.shuffle<u32>(t2, i32x4.splat(0), 0, 2, 4, 4));
}

/** Completes the words t+2 and t+3, out of t and t+1. */
@inline
function upper(sum: v128): v128 {
  const t2 = sigma1(v128.shuffle<u32>(sum, sum, 0, 0, 1, 1));
  return v128.add<u32>(sum, v128.shuffle<u32>(t2, i32x4.splat(0), 4, 4, 0, 2));
}

/** Four words of the message, which has them big end first. */
@inline
function words(at: usize): v128 {
  return v128.swizzle(v128.load(at), i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

/**
 * Takes the blocks at `DATA` into the hash at `STATE`. Each round computes the new `a` in place of `h` and the new
 * `e` in place of `d`, so that the names move by one instead of the values. Majority is `b ^ ((a ^ b) & (b ^ c))`,
 * whose last operand is the `a ^ b` of the round before.
 */
export function compress(blocks: i32): void {
  let a = load<u32>(STATE, 0), b = load<u32>(STATE, 4), c = load<u32>(STATE, 8), d = load<u32>(STATE, 12);
  let e = load<u32>(STATE, 16), f = load<u32>(STATE, 20), g = load<u32>(STATE, 24), h = load<u32>(STATE, 28);
  let x: u32, y: u32;
  const end = DATA + (<usize>blocks << 6);
  for (let at = DATA; at < end; at += 64) {
    let w0 = words(at), w1 = words(at + 16), w2 = words(at + 32), w3 = words(at + 48);
    v128.store(W, v128.add<u32>(w0, v128.load(K, 0)), 0);
    v128.store(W, v128.add<u32>(w1, v128.load(K, 16)), 16);
    v128.store(W, v128.add<u32>(w2, v128.load(K, 32)), 32);
    v128.store(W, v128.add<u32>(w3, v128.load(K, 48)), 48);
    y = b ^ c;
    let k = K + 64;
    do {
      h = h + load<u32>(W,  0) + choose(e, f, g) + sum1(e); d += h; x = a ^ b; h += b ^ (x & y); y = x; h += sum0(a);
      w0 = early(w0, w1, w2, w3);
      g = g + load<u32>(W,  4) + choose(d, e, f) + sum1(d); c += g; x = h ^ a; g += a ^ (x & y); y = x; g += sum0(h);
      f = f + load<u32>(W,  8) + choose(c, d, e) + sum1(c); b += f; x = g ^ h; f += h ^ (x & y); y = x; f += sum0(g);
      w0 = lower(w0, w3);
      e = e + load<u32>(W, 12) + choose(b, c, d) + sum1(b); a += e; x = f ^ g; e += g ^ (x & y); y = x; e += sum0(f);
      w0 = upper(w0); v128.store(W, v128.add<u32>(w0, v128.load(k, 0)), 0);
      d = d + load<u32>(W, 16) + choose(a, b, c) + sum1(a); h += d; x = e ^ f; d += f ^ (x & y); y = x; d += sum0(e);
      w1 = early(w1, w2, w3, w0);
      c = c + load<u32>(W, 20) + choose(h, a, b) + sum1(h); g += c; x = d ^ e; c += e ^ (x & y); y = x; c += sum0(d);
      b = b + load<u32>(W, 24) + choose(g, h, a) + sum1(g); f += b; x = c ^ d; b += d ^ (x & y); y = x; b += sum0(c);
      w1 = lower(w1, w0);
      a = a + load<u32>(W, 28) + choose(f, g, h) + sum1(f); e += a; x = b ^ c; a += c ^ (x & y); y = x; a += sum0(b);
      w1 = upper(w1); v128.store(W, v128.add<u32>(w1, v128.load(k, 16)), 16);
      h = h + load<u32>(W, 32) + choose(e, f, g) + sum1(e); d += h; x = a ^ b; h += b ^ (x & y); y = x; h += sum0(a);
      w2 = early(w2, w3, w0, w1);
      g = g + load<u32>(W, 36) + choose(d, e, f) + sum1(d); c += g; x = h ^ a; g += a ^ (x & y); y = x; g += sum0(h);
      f = f + load<u32>(W, 40) + choose(c, d, e) + sum1(c); b += f; x = g ^ h; f += h ^ (x & y); y = x; f += sum0(g);
      w2 = lower(w2, w1);
      e = e + load<u32>(W, 44) + choose(b, c, d) + sum1(b); a += e; x = f ^ g; e += g ^ (x & y); y = x; e += sum0(f);
      w2 = upper(w2); v128.store(W, v128.add<u32>(w2, v128.load(k, 32)), 32);
      d = d + load<u32>(W, 48) + choose(a, b, c) + sum1(a); h += d; x = e ^ f; d += f ^ (x & y); y = x; d += sum0(e);
      w3 = early(w3, w0, w1, w2);
      c = c + load<u32>(W, 52) + choose(h, a, b) + sum1(h); g += c; x = d ^ e; c += e ^ (x & y); y = x; c += sum0(d);
      b = b + load<u32>(W, 56) + choose(g, h, a) + sum1(g); f += b; x = c ^ d; b += d ^ (x & y); y = x; b += sum0(c);
      w3 = lower(w3, w2);
      a = a + load<u32>(W, 60) + choose(f, g, h) + sum1(f); e += a; x = b ^ c; a += c ^ (x & y); y = x; a += sum0(b);
      w3 = upper(w3); v128.store(W, v128.add<u32>(w3, v128.load(k, 48)), 48);
      k += 64;
    } while (k < K + 256);
    h = h + load<u32>(W,  0) + choose(e, f, g) + sum1(e); d += h; x = a ^ b; h += b ^ (x & y); y = x; h += sum0(a);
    g = g + load<u32>(W,  4) + choose(d, e, f) + sum1(d); c += g; x = h ^ a; g += a ^ (x & y); y = x; g += sum0(h);
    f = f + load<u32>(W,  8) + choose(c, d, e) + sum1(c); b += f; x = g ^ h; f += h ^ (x & y); y = x; f += sum0(g);
    e = e + load<u32>(W, 12) + choose(b, c, d) + sum1(b); a += e; x = f ^ g; e += g ^ (x & y); y = x; e += sum0(f);
    d = d + load<u32>(W, 16) + choose(a, b, c) + sum1(a); h += d; x = e ^ f; d += f ^ (x & y); y = x; d += sum0(e);
    c = c + load<u32>(W, 20) + choose(h, a, b) + sum1(h); g += c; x = d ^ e; c += e ^ (x & y); y = x; c += sum0(d);
    b = b + load<u32>(W, 24) + choose(g, h, a) + sum1(g); f += b; x = c ^ d; b += d ^ (x & y); y = x; b += sum0(c);
    a = a + load<u32>(W, 28) + choose(f, g, h) + sum1(f); e += a; x = b ^ c; a += c ^ (x & y); y = x; a += sum0(b);
    h = h + load<u32>(W, 32) + choose(e, f, g) + sum1(e); d += h; x = a ^ b; h += b ^ (x & y); y = x; h += sum0(a);
    g = g + load<u32>(W, 36) + choose(d, e, f) + sum1(d); c += g; x = h ^ a; g += a ^ (x & y); y = x; g += sum0(h);
    f = f + load<u32>(W, 40) + choose(c, d, e) + sum1(c); b += f; x = g ^ h; f += h ^ (x & y); y = x; f += sum0(g);
    e = e + load<u32>(W, 44) + choose(b, c, d) + sum1(b); a += e; x = f ^ g; e += g ^ (x & y); y = x; e += sum0(f);
    d = d + load<u32>(W, 48) + choose(a, b, c) + sum1(a); h += d; x = e ^ f; d += f ^ (x & y); y = x; d += sum0(e);
    c = c + load<u32>(W, 52) + choose(h, a, b) + sum1(h); g += c; x = d ^ e; c += e ^ (x & y); y = x; c += sum0(d);
    b = b + load<u32>(W, 56) + choose(g, h, a) + sum1(g); f += b; x = c ^ d; b += d ^ (x & y); y = x; b += sum0(c);
    a = a + load<u32>(W, 60) + choose(f, g, h) + sum1(f); e += a; x = b ^ c; a += c ^ (x & y); y = x; a += sum0(b);
    a += load<u32>(STATE, 0); store<u32>(STATE, a, 0); b += load<u32>(STATE, 4); store<u32>(STATE, b, 4);
    c += load<u32>(STATE, 8); store<u32>(STATE, c, 8); d += load<u32>(STATE, 12); store<u32>(STATE, d, 12);
    e += load<u32>(STATE, 16); store<u32>(STATE, e, 16); f += load<u32>(STATE, 20); store<u32>(STATE, f, 20);
    g += load<u32>(STATE, 24); store<u32>(STATE, g, 24); h += load<u32>(STATE, 28); store<u32>(STATE, h, 28);
  }
}
