import type { DigestAlgorithm } from '@stowage/types';

const encoder = new TextEncoder();
const SHORT_TWO_BLOCKS = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq';
const LONG_TWO_BLOCKS =
  'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu';
const MILLION = encoder.encode('a'.repeat(1_000_000));

/** A message and its hash. */
type Vector = readonly [name: string, message: Uint8Array, hash: string];

/** The examples of FIPS 180-4, and a few short messages of NIST's validation suite (CAVS 11). */
export const SHA2_VECTORS: Readonly<Record<DigestAlgorithm, readonly Vector[]>> = {
  sha256: [
    ['nothing', new Uint8Array(0), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['d3', Uint8Array.of(0xd3), '28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1'],
    ['11af', Uint8Array.of(0x11, 0xaf), '5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98'],
    ['abc', encoder.encode('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      '448 bits',
      encoder.encode(SHORT_TWO_BLOCKS),
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    [
      '896 bits',
      encoder.encode(LONG_TWO_BLOCKS),
      'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
    ],
    ['a million a', MILLION, 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
  ],
  sha384: [
    [
      'nothing',
      new Uint8Array(0),
      '38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b',
    ],
    [
      'c5',
      Uint8Array.of(0xc5),
      'b52b72da75d0666379e20f9b4a79c33a329a01f06a2fb7865c9062a28c1de860ba432edfd86b4cb1cb8a75b46076e3b1',
    ],
    [
      'abc',
      encoder.encode('abc'),
      'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    ],
    [
      '896 bits',
      encoder.encode(LONG_TWO_BLOCKS),
      '09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039',
    ],
    [
      'a million a',
      MILLION,
      '9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985',
    ],
  ],
  sha512: [
    [
      'nothing',
      new Uint8Array(0),
      'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce' +
        '47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
    ],
    [
      '21',
      Uint8Array.of(0x21),
      '3831a6a6155e509dee59a7f451eb35324d8f8f2df6e3708894740f98fdee2388' +
        '9f4de5adb0c5010dfb555cda77c8ab5dc902094c52de3278f35a75ebc25f093a',
    ],
    [
      'abc',
      encoder.encode('abc'),
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
        '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    ],
    [
      '896 bits',
      encoder.encode(LONG_TWO_BLOCKS),
      '8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018' +
        '501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909',
    ],
    [
      'a million a',
      MILLION,
      'e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb' +
        'de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b',
    ],
  ],
};

/** The first round of the Monte Carlo test of CAVS 11: a seed, and the last of a thousand hashes of three hashes. */
export const SHA2_MONTE_CARLO: Readonly<Record<DigestAlgorithm, readonly [seed: string, last: string]>> = {
  sha256: [
    '6d1e72ad03ddeb5de891e572e2396f8da015d899ef0e79503152d6010a3fe691',
    'e93c330ae5447738c8aa85d71a6c80f2a58381d05872d26bdd39f1fcd4f2b788',
  ],
  sha384: [
    'edff07255c71b54a9beae52cdfa083569a08be89949cbba73ddc8acf429359ca5e5be7a673633ca0d9709848f522a9df',
    'e81b86c49a38feddfd185f71ca7da6732a053ed4a2640d52d27f53f9f76422650b0e93645301ac99f8295d6f820f1035',
  ],
  sha512: [
    '5c337de5caf35d18ed90b5cddfce001ca1b8ee8602f367e7c24ccca6f893802f' +
      'b1aca7a3dae32dcd60800a59959bc540d63237876b799229ae71a2526fbc52cd',
    'ada69add0071b794463c8806a177326735fa624b68ab7bcab2388b9276c036e4' +
      'eaaff87333e83c81c0bca0359d4aeebcbcfd314c0630e0c2af68c1fb19cc470e',
  ],
};

/**
 * Running hashes that have taken 4 GiB of zeros, as saved states, and the hashes of 4 GiB and 3 bytes of zeros as
 * sha256sum and sha512sum of GNU tell them.
 */
export const SHA2_BEYOND_4_GIB: Readonly<
  Record<'sha256' | 'sha512', readonly [state: string, hash: string]>
> = {
  sha256: [
    '01010000000100000000' + '8ffe48e8fe68159506d4999ee2b1ac4c3e5b953cd5f8bb95e8082d4e8df5e99a',
    '930fa067940ff8d9f427e3a116b7598503c70ce7380d66ff65f8de33d558f7f3',
  ],
  sha512: [
    '01030000000100000000' +
      'ad95f77c5fb49399fb4321c7acb60c7eda0168aa13244678c64645a19553f517' +
      'd102eabcb6dd28e2142f9d86134c1de63343be9e743bd3a7dd34ae7fe38b48cc',
    'c70898d877cc90bf09f45a1fef9ed3edffbbb7135e83fdd02f346730d09b940d' +
      '7aa0c4f0cb89c8a72201aa97622a3cf975d67d6dbd4ba52e80a671fb18bf189d',
  ],
};

/** Bytes of hexadecimal. */
export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}

/** Bytes that look random and are the same in every run. */
export function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
}
