import { describe, expect, it } from 'vitest';
import { Sha256 } from './sha256.ts';

const encoder = new TextEncoder();

function sha256(...chunks: readonly Uint8Array[]): string {
  const hash = new Sha256();
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}

describe('Sha256', () => {
  // FIPS 180-2, appendix B, and the empty string.
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('hashes %j', (text, want) => {
    expect(sha256(encoder.encode(text))).toBe(want);
  });

  it('hashes a million times "a"', () => {
    const chunk = encoder.encode('a'.repeat(1000));
    expect(sha256(...Array.from({ length: 1000 }, () => chunk))).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
  });

  it('does not care how the bytes are cut', () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index);
    const want = sha256(bytes);
    for (let size = 1; size <= 130; size += 1) {
      const chunks = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      expect(sha256(...chunks)).toBe(want);
    }
  });

  it('pads every length up to two blocks as WebCrypto does', async () => {
    for (let length = 0; length <= 130; length += 1) {
      const bytes = new Uint8Array(length).fill(length);
      const want = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      expect(sha256(bytes)).toBe(Array.from(want, (byte) => byte.toString(16).padStart(2, '0')).join(''));
    }
  });

  it('counts bits beyond 32 of them', () => {
    // A state that claims to have taken 2^29 bytes, which are 2^32 bits, and the block that must follow it.
    const state = new Sha256().save();
    new DataView(state.buffer).setFloat64(32, 2 ** 29);
    const long = new Sha256();
    long.restore(state);
    const padding = new Uint8Array(64);
    padding[0] = 0x80;
    padding[59] = 1;
    const want = new Sha256();
    want.update(padding);
    const hash = Array.from(want.save().subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0'));
    expect(long.digest()).toBe(hash.join(''));
  });

  it('goes on from a saved state', () => {
    const hash = new Sha256();
    hash.update(encoder.encode('a'.repeat(100)));
    const state = hash.save();
    hash.update(encoder.encode('something else'));
    const other = new Sha256();
    other.restore(state);
    other.update(encoder.encode('b'));
    expect(other.digest()).toBe(sha256(encoder.encode(`${'a'.repeat(100)}b`)));
  });

  it('refuses what is no saved state', () => {
    const hash = new Sha256();
    const state = hash.save();
    expect(() => {
      hash.restore(state.subarray(1));
    }).toThrow(RangeError);
    new DataView(state.buffer).setFloat64(32, -1);
    expect(() => {
      hash.restore(state);
    }).toThrow(RangeError);
    expect(hash.digest()).toBe(sha256());
  });
});
