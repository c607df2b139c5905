// SHA-512 and SHA-384 in plain TypeScript, for where there is neither node:crypto nor WebAssembly. Numbers of 64 bits
// are pairs of 32. FIPS 180-4, sections 4.1.3, 4.2.3 and 6.4.2.
import { BlockHash } from './block-hash.ts';

/** Section 4.2.3; the high half of each first. */
// prettier-ignore
const ROUND_CONSTANTS = [
  0x428a2f98, 0xd728ae22, 0x71374491, 0x23ef65cd, 0xb5c0fbcf, 0xec4d3b2f, 0xe9b5dba5, 0x8189dbbc,
  0x3956c25b, 0xf348b538, 0x59f111f1, 0xb605d019, 0x923f82a4, 0xaf194f9b, 0xab1c5ed5, 0xda6d8118,
  0xd807aa98, 0xa3030242, 0x12835b01, 0x45706fbe, 0x243185be, 0x4ee4b28c, 0x550c7dc3, 0xd5ffb4e2,
  0x72be5d74, 0xf27b896f, 0x80deb1fe, 0x3b1696b1, 0x9bdc06a7, 0x25c71235, 0xc19bf174, 0xcf692694,
  0xe49b69c1, 0x9ef14ad2, 0xefbe4786, 0x384f25e3, 0x0fc19dc6, 0x8b8cd5b5, 0x240ca1cc, 0x77ac9c65,
  0x2de92c6f, 0x592b0275, 0x4a7484aa, 0x6ea6e483, 0x5cb0a9dc, 0xbd41fbd4, 0x76f988da, 0x831153b5,
  0x983e5152, 0xee66dfab, 0xa831c66d, 0x2db43210, 0xb00327c8, 0x98fb213f, 0xbf597fc7, 0xbeef0ee4,
  0xc6e00bf3, 0x3da88fc2, 0xd5a79147, 0x930aa725, 0x06ca6351, 0xe003826f, 0x14292967, 0x0a0e6e70,
  0x27b70a85, 0x46d22ffc, 0x2e1b2138, 0x5c26c926, 0x4d2c6dfc, 0x5ac42aed, 0x53380d13, 0x9d95b3df,
  0x650a7354, 0x8baf63de, 0x766a0abb, 0x3c77b2a8, 0x81c2c92e, 0x47edaee6, 0x92722c85, 0x1482353b,
  0xa2bfe8a1, 0x4cf10364, 0xa81a664b, 0xbc423001, 0xc24b8b70, 0xd0f89791, 0xc76c51a3, 0x0654be30,
  0xd192e819, 0xd6ef5218, 0xd6990624, 0x5565a910, 0xf40e3585, 0x5771202a, 0x106aa070, 0x32bbd1b8,
  0x19a4c116, 0xb8d2d0c8, 0x1e376c08, 0x5141ab53, 0x2748774c, 0xdf8eeb99, 0x34b0bcb5, 0xe19b48a8,
  0x391c0cb3, 0xc5c95a63, 0x4ed8aa4a, 0xe3418acb, 0x5b9cca4f, 0x7763e373, 0x682e6ff3, 0xd6b2b8a3,
  0x748f82ee, 0x5defb2fc, 0x78a5636f, 0x43172f60, 0x84c87814, 0xa1f0ab72, 0x8cc70208, 0x1a6439ec,
  0x90befffa, 0x23631e28, 0xa4506ceb, 0xde82bde9, 0xbef9a3f7, 0xb2c67915, 0xc67178f2, 0xe372532b,
  0xca273ece, 0xea26619c, 0xd186b8c7, 0x21c0c207, 0xeada7dd6, 0xcde0eb1e, 0xf57d4f7f, 0xee6ed178,
  0x06f067aa, 0x72176fba, 0x0a637dc5, 0xa2c898a6, 0x113f9804, 0xbef90dae, 0x1b710b35, 0x131c471b,
  0x28db77f5, 0x23047d84, 0x32caab7b, 0x40c72493, 0x3c9ebe0a, 0x15c9bebc, 0x431d67c4, 0x9c100d4c,
  0x4cc5d4be, 0xcb3e42b6, 0x597f299c, 0xfc657e2a, 0x5fcb6fab, 0x3ad6faec, 0x6c44198c, 0x4a475817,
] as const;

/** The same as typed numbers. Made on first use. */
let constants: Uint32Array | undefined;

/** A running SHA-512 or SHA-384 in plain TypeScript. */
export function createPlainSha512(algorithm: 'sha384' | 'sha512'): BlockHash {
  const k = (constants ??= Uint32Array.from(ROUND_CONSTANTS));
  const w = new Int32Array(160);
  return new BlockHash(algorithm, (hash, bytes, blocks) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, blocks * 128);
    for (let block = 0; block < blocks; block += 1) {
      for (let i = 0; i < 32; i += 1) w[i] = view.getInt32(block * 128 + i * 4);
      extend(w);
      rounds(hash, k, w);
    }
  });
}

/** Makes the words 16 to 79 of the message schedule. */
function extend(w: Int32Array): void {
  for (let i = 32; i < 160; i += 2) {
    const earlyHigh = at(w, i - 30);
    const earlyLow = at(w, i - 29);
    const lateHigh = at(w, i - 4);
    const lateLow = at(w, i - 3);
    const sigma0High = funnel(earlyHigh, earlyLow, 1) ^ funnel(earlyHigh, earlyLow, 8) ^ (earlyHigh >>> 7);
    const sigma0Low =
      funnel(earlyLow, earlyHigh, 1) ^ funnel(earlyLow, earlyHigh, 8) ^ funnel(earlyLow, earlyHigh, 7);
    const sigma1High = funnel(lateHigh, lateLow, 19) ^ funnel(lateLow, lateHigh, 29) ^ (lateHigh >>> 6);
    const sigma1Low =
      funnel(lateLow, lateHigh, 19) ^ funnel(lateHigh, lateLow, 29) ^ funnel(lateLow, lateHigh, 6);
    const low = (at(w, i - 31) >>> 0) + (sigma0Low >>> 0) + (at(w, i - 13) >>> 0) + (sigma1Low >>> 0);
    w[i + 1] = low;
    w[i] = at(w, i - 32) + sigma0High + at(w, i - 14) + sigma1High + carry(low);
  }
}

function rounds(hash: Uint32Array, k: Uint32Array, w: Int32Array): void {
  let [aLow, aHigh, bLow, bHigh, cLow, cHigh, dLow, dHigh] = pairs(hash, 0);
  let [eLow, eHigh, fLow, fHigh, gLow, gHigh, hLow, hHigh] = pairs(hash, 8);
  for (let i = 0; i < 160; i += 2) {
    const sum1High = funnel(eHigh, eLow, 14) ^ funnel(eHigh, eLow, 18) ^ funnel(eLow, eHigh, 9);
    const sum1Low = funnel(eLow, eHigh, 14) ^ funnel(eLow, eHigh, 18) ^ funnel(eHigh, eLow, 9);
    const t1 =
      (hLow >>> 0) + (sum1Low >>> 0) + (choose(eLow, fLow, gLow) >>> 0) + at(k, i + 1) + (at(w, i + 1) >>> 0);
    const t1High = (hHigh + sum1High + choose(eHigh, fHigh, gHigh) + at(k, i) + at(w, i) + carry(t1)) | 0;
    const t1Low = t1 | 0;
    const sum0High = funnel(aHigh, aLow, 28) ^ funnel(aLow, aHigh, 2) ^ funnel(aLow, aHigh, 7);
    const sum0Low = funnel(aLow, aHigh, 28) ^ funnel(aHigh, aLow, 2) ^ funnel(aHigh, aLow, 7);
    const t2 = (t1Low >>> 0) + (sum0Low >>> 0) + (majority(aLow, bLow, cLow) >>> 0);
    const t2High = (t1High + sum0High + majority(aHigh, bHigh, cHigh) + carry(t2)) | 0;
    const e = (dLow >>> 0) + (t1Low >>> 0);
    hHigh = gHigh;
    hLow = gLow;
    gHigh = fHigh;
    gLow = fLow;
    fHigh = eHigh;
    fLow = eLow;
    eHigh = (dHigh + t1High + carry(e)) | 0;
    eLow = e | 0;
    dHigh = cHigh;
    dLow = cLow;
    cHigh = bHigh;
    cLow = bLow;
    bHigh = aHigh;
    bLow = aLow;
    aHigh = t2High;
    aLow = t2 | 0;
  }
  add(hash, 0, [aLow, aHigh, bLow, bHigh, cLow, cHigh, dLow, dHigh]);
  add(hash, 8, [eLow, eHigh, fLow, fHigh, gLow, gHigh, hLow, hHigh]);
}

type Pairs = [number, number, number, number, number, number, number, number];

/** Four words of the running hash, the low half of each first. */
function pairs(hash: Uint32Array, from: number): Pairs {
  return Array.from(hash.subarray(from, from + 8), (half) => half | 0) as Pairs;
}

function add(hash: Uint32Array, from: number, values: Pairs): void {
  for (let i = 0; i < 8; i += 2) {
    const low = at(hash, from + i) + ((values[i] as number) >>> 0);
    hash[from + i] = low;
    hash[from + i + 1] = at(hash, from + i + 1) + (values[i + 1] as number) + carry(low);
  }
}

/** The low 32 bits of the 64 in `upper` and `lower`, moved to the right: one half of a rotated word. */
function funnel(lower: number, upper: number, by: number): number {
  return (lower >>> by) | (upper << (32 - by));
}

function choose(x: number, y: number, z: number): number {
  return z ^ (x & (y ^ z));
}

function majority(x: number, y: number, z: number): number {
  return (x & y) | (z & (x | y));
}

/** What a sum of unsigned low halves carries over. */
function carry(sum: number): number {
  return (sum / 2 ** 32) | 0;
}

function at(numbers: Int32Array | Uint32Array, index: number): number {
  return numbers[index] as number;
}
