import type { DigestAlgorithm } from '@stowage/types';

/** What tells the hashes of the SHA-2 family apart (FIPS 180-4, sections 1 and 5.3). */
export interface HashParameters {
  /** Bytes that are hashed at a time. */
  readonly block: 64 | 128;
  /** Bytes of a hash. */
  readonly length: 32 | 48 | 64;
  /** Bytes of a word of the state. */
  readonly word: 4 | 8;
  /**
   * The state to begin with, eight words. As a running state always is here, it lies as WebAssembly would have it in
   * memory: a word of 64 bits is two numbers, the low half first.
   */
  readonly initial: readonly number[];
}

/** The parameters of each algorithm. */
export const HASH_PARAMETERS: Readonly<Record<DigestAlgorithm, HashParameters>> = {
  sha256: {
    block: 64,
    length: 32,
    word: 4,
    initial: [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
  },
  sha384: {
    block: 128,
    length: 48,
    word: 8,
    initial: [
      0xc1059ed8, 0xcbbb9d5d, 0x367cd507, 0x629a292a, 0x3070dd17, 0x9159015a, 0xf70e5939, 0x152fecd8,
      0xffc00b31, 0x67332667, 0x68581511, 0x8eb44a87, 0x64f98fa7, 0xdb0c2e0d, 0xbefa4fa4, 0x47b5481d,
    ],
  },
  sha512: {
    block: 128,
    length: 64,
    word: 8,
    initial: [
      0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a,
      0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
    ],
  },
};
