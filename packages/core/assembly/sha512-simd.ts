// SHA-512, and so SHA-384 (FIPS 180-4, sections 4.1.3, 4.2.3 and 6.4.2): the compression of whole blocks.
//
// Two words of the message schedule at a time are made in vectors, between scalar rounds that use words made before.
// The rounds are what limits it: in V8, leaving the schedule out altogether would gain a tenth to a sixth. The order of
// the operations was chosen by measuring in V8 (Node, Deno, Chromium) and JavaScriptCore (Bun); measure every change.

/** The round constants, section 4.2.3. */
const K: usize = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
], 16);

/** The next sixteen words of the schedule, each with its round constant added. */
const W: usize = memory.data(128, 16);

/** The running hash: eight words. */
export const STATE: usize = memory.data(64, 16);

/** Where the caller puts whole blocks, {@link ROOM} bytes at most. */
export const DATA: usize = memory.data(0x8000, 16);

/** Bytes that fit at {@link DATA}. Small, so that data and tables stay in the first cache. */
export const ROOM: i32 = 0x8000;

@inline
function sum0(x: u64): u64 {
  return rotr<u64>(x, 28) ^ rotr<u64>(x, 34) ^ rotr<u64>(x, 39);
}

@inline
function sum1(x: u64): u64 {
  return rotr<u64>(x, 14) ^ rotr<u64>(x, 18) ^ rotr<u64>(x, 41);
}

@inline
function choose(x: u64, y: u64, z: u64): u64 {
  return z ^ (x & (y ^ z));
}

/** The small sigma 0 of two words: what is rotated by 8 is rotated by 7 and then by 1, as the word itself is. */
@inline
function sigma0(x: v128): v128 {
  const by7 = v128.shr<u64>(x, 7);
  const both = v128.xor(v128.xor(x, by7), v128.shl<u64>(x, 57));
  return v128.xor(v128.xor(v128.shr<u64>(both, 1), v128.shl<u64>(both, 63)), by7);
}

/** The small sigma 1 of two words. */
@inline
function sigma1(x: v128): v128 {
  const by19 = v128.or(v128.shr<u64>(x, 19), v128.shl<u64>(x, 45));
  const by61 = v128.or(v128.shr<u64>(x, 61), v128.shl<u64>(x, 3));
  return v128.xor(v128.xor(by19, by61), v128.shr<u64>(x, 6));
}

/** Words t-16 and t-15 with all that makes them t and t+1 but sigma 1, given t-16, t-14, t-8, t-6 and who follows. */
@inline
function early(w0: v128, w1: v128, w4: v128, w5: v128): v128 {
  const t15 = v128.shuffle<u64>(w0, w1, 1, 2);
  const t7 = v128.shuffle<u64>(w4, w5, 1, 2);
  return v128.add<u64>(v128.add<u64>(w0, sigma0(t15)), t7);
}

/** Two words of the message, which has them big end first. */
@inline
function words(at: usize): v128 {
  return v128.swizzle(v128.load(at), i8x16(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
}

/**
 * Takes the blocks at `DATA` into the hash at `STATE`. Each round computes the new `a` in place of `h` and the new
 * `e` in place of `d`, so that the names move by one instead of the values. Majority is `b ^ ((a ^ b) & (b ^ c))`,
 * whose last operand is the `a ^ b` of the round before.
 */
export function compress(blocks: i32): void {
  let a = load<u64>(STATE, 0), b = load<u64>(STATE, 8), c = load<u64>(STATE, 16), d = load<u64>(STATE, 24);
  let e = load<u64>(STATE, 32), f = load<u64>(STATE, 40), g = load<u64>(STATE, 48), h = load<u64>(STATE, 56);
  let x: u64, y: u64;
  const end = DATA + (<usize>blocks << 7);
  for (let at = DATA; at < end; at += 128) {
    let w0 = words(at), w1 = words(at + 16), w2 = words(at + 32), w3 = words(at + 48);
    let w4 = words(at + 64), w5 = words(at + 80), w6 = words(at + 96), w7 = words(at + 112);
    v128.store(W, v128.add<u64>(w0, v128.load(K, 0)), 0);
    v128.store(W, v128.add<u64>(w1, v128.load(K, 16)), 16);
    v128.store(W, v128.add<u64>(w2, v128.load(K, 32)), 32);
    v128.store(W, v128.add<u64>(w3, v128.load(K, 48)), 48);
    v128.store(W, v128.add<u64>(w4, v128.load(K, 64)), 64);
    v128.store(W, v128.add<u64>(w5, v128.load(K, 80)), 80);
    v128.store(W, v128.add<u64>(w6, v128.load(K, 96)), 96);
    v128.store(W, v128.add<u64>(w7, v128.load(K, 112)), 112);
    y = b ^ c;
    let k = K + 128;
    do {
      h = h + load<u64>(W,   0) + choose(e, f, g) + sum1(e); d += h; x = a ^ b; h += b ^ (x & y); y = x; h += sum0(a);
      w0 = early(w0, w1, w4, w5);
      g = g + load<u64>(W,   8) + choose(d, e, f) + sum1(d); c += g; x = h ^ a; g += a ^ (x & y); y = x; g += sum0(h);
      w0 = v128.add<u64>(w0, sigma1(w7)); v128.store(W, v128.add<u64>(w0, v128.load(k, 0)), 0);
      f = f + load<u64>(W,  16) + choose(c, d, e) + sum1(c); b += f; x = g ^ h; f += h ^ (x & y); y = x; f += sum0(g);
      w1 = early(w1, w2, w5, w6);
      e = e + load<u64>(W,  24) + choose(b, c, d) + sum1(b); a += e; x = f ^ g; e += g ^ (x & y); y = x; e += sum0(f);
      w1 = v128.add<u64>(w1, sigma1(w0)); v128.store(W, v128.add<u64>(w1, v128.load(k, 16)), 16);
      d = d + load<u64>(W,  32) + choose(a, b, c) + sum1(a); h += d; x = e ^ f; d += f ^ (x & y); y = x; d += sum0(e);
      w2 = early(w2, w3, w6, w7);
      c = c + load<u64>(W,  40) + choose(h, a, b) + sum1(h); g += c; x = d ^ e; c += e ^ (x & y); y = x; c += sum0(d);
      w2 = v128.add<u64>(w2, sigma1(w1)); v128.store(W, v128.add<u64>(w2, v128.load(k, 32)), 32);
      b = b + load<u64>(W,  48) + choose(g, h, a) + sum1(g); f += b; x = c ^ d; b += d ^ (x & y); y = x; b += sum0(c);
      w3 = early(w3, w4, w7, w0);
      a = a + load<u64>(W,  56) + choose(f, g, h) + sum1(f); e += a; x = b ^ c; a += c ^ (x & y); y = x; a += sum0(b);
      w3 = v128.add<u64>(w3, sigma1(w2)); v128.store(W, v128.add<u64>(w3, v128.load(k, 48)), 48);
      h = h + load<u64>(W,  64) + choose(e, f, g) + sum1(e); d += h; x = a ^ b; h += b ^ (x & y); y = x; h += sum0(a);
      w4 = early(w4, w5, w0, w1);
      g = g + load<u64>(W,  72) + choose(d, e, f) + sum1(d); c += g; x = h ^ a; g += a ^ (x & y); y = x; g += sum0(h);
      w4 = v128.add<u64>(w4, sigma1(w3)); v128.store(W, v128.add<u64>(w4, v128.load(k, 64)), 64);
      f = f + load<u64>(W,  80) + choose(c, d, e) + sum1(c); b += f; x = g ^ h; f += h ^ (x & y); y = x; f += sum0(g);
      w5 = early(w5, w6, w1, w2);
      e = e + load<u64>(W,  88) + choose(b, c, d) + sum1(b); a += e; x = f ^ g; e += g ^ (x & y); y = x; e += sum0(f);
      w5 = v128.add<u64>(w5, sigma1(w4)); v128.store(W, v128.add<u64>(w5, v128.load(k, 80)), 80);
      d = d + load<u64>(W,  96) + choose(a, b, c) + sum1(a); h += d; x = e ^ f; d += f ^ (x & y); y = x; d += sum0(e);
      w6 = early(w6, w7, w2, w3);
      c = c + load<u64>(W, 104) + choose(h, a, b) + sum1(h); g += c; x = d ^ e; c += e ^ (x & y); y = x; c += sum0(d);
      w6 = v128.add<u64>(w6, sigma1(w5)); v128.store(W, v128.add<u64>(w6, v128.load(k, 96)), 96);
      b = b + load<u64>(W, 112) + choose(g, h, a) + sum1(g); f += b; x = c ^ d; b += d ^ (x & y); y = x; b += sum0(c);
      w7 = early(w7, w0, w3, w4);
      a = a + load<u64>(W, 120) + choose(f, g, h) + sum1(f); e += a; x = b ^ c; a += c ^ (x & y); y = x; a += sum0(b);
      w7 = v128.add<u64>(w7, sigma1(w6)); v128.store(W, v128.add<u64>(w7, v128.load(k, 112)), 112);
      k += 128;
    } while (k < K + 640);
    h = h + load<u64>(W,   0) + choose(e, f, g) + sum1(e); d += h; x = a ^ b; h += b ^ (x & y); y = x; h += sum0(a);
    g = g + load<u64>(W,   8) + choose(d, e, f) + sum1(d); c += g; x = h ^ a; g += a ^ (x & y); y = x; g += sum0(h);
    f = f + load<u64>(W,  16) + choose(c, d, e) + sum1(c); b += f; x = g ^ h; f += h ^ (x & y); y = x; f += sum0(g);
    e = e + load<u64>(W,  24) + choose(b, c, d) + sum1(b); a += e; x = f ^ g; e += g ^ (x & y); y = x; e += sum0(f);
    d = d + load<u64>(W,  32) + choose(a, b, c) + sum1(a); h += d; x = e ^ f; d += f ^ (x & y); y = x; d += sum0(e);
    c = c + load<u64>(W,  40) + choose(h, a, b) + sum1(h); g += c; x = d ^ e; c += e ^ (x & y); y = x; c += sum0(d);
    b = b + load<u64>(W,  48) + choose(g, h, a) + sum1(g); f += b; x = c ^ d; b += d ^ (x & y); y = x; b += sum0(c);
    a = a + load<u64>(W,  56) + choose(f, g, h) + sum1(f); e += a; x = b ^ c; a += c ^ (x & y); y = x; a += sum0(b);
    h = h + load<u64>(W,  64) + choose(e, f, g) + sum1(e); d += h; x = a ^ b; h += b ^ (x & y); y = x; h += sum0(a);
    g = g + load<u64>(W,  72) + choose(d, e, f) + sum1(d); c += g; x = h ^ a; g += a ^ (x & y); y = x; g += sum0(h);
    f = f + load<u64>(W,  80) + choose(c, d, e) + sum1(c); b += f; x = g ^ h; f += h ^ (x & y); y = x; f += sum0(g);
    e = e + load<u64>(W,  88) + choose(b, c, d) + sum1(b); a += e; x = f ^ g; e += g ^ (x & y); y = x; e += sum0(f);
    d = d + load<u64>(W,  96) + choose(a, b, c) + sum1(a); h += d; x = e ^ f; d += f ^ (x & y); y = x; d += sum0(e);
    c = c + load<u64>(W, 104) + choose(h, a, b) + sum1(h); g += c; x = d ^ e; c += e ^ (x & y); y = x; c += sum0(d);
    b = b + load<u64>(W, 112) + choose(g, h, a) + sum1(g); f += b; x = c ^ d; b += d ^ (x & y); y = x; b += sum0(c);
    a = a + load<u64>(W, 120) + choose(f, g, h) + sum1(f); e += a; x = b ^ c; a += c ^ (x & y); y = x; a += sum0(b);
    a += load<u64>(STATE, 0); store<u64>(STATE, a, 0); b += load<u64>(STATE, 8); store<u64>(STATE, b, 8);
    c += load<u64>(STATE, 16); store<u64>(STATE, c, 16); d += load<u64>(STATE, 24); store<u64>(STATE, d, 24);
    e += load<u64>(STATE, 32); store<u64>(STATE, e, 32); f += load<u64>(STATE, 40); store<u64>(STATE, f, 40);
    g += load<u64>(STATE, 48); store<u64>(STATE, g, 48); h += load<u64>(STATE, 56); store<u64>(STATE, h, 56);
  }
}
