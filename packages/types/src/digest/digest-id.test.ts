import { describe, expect, it } from 'vitest';
import type { Bytes } from '../bytes.ts';
import { checkV1Id, generateRandomId, isShortId } from './digest-id.ts';

const HEX = '0123456789abcdef'.repeat(4);

describe('isShortId', () => {
  it.each([
    ['0123456789ab', true],
    ['ffffffffffff', true],
    ['0123456789a', false],
    ['0123456789abc', false],
    ['0123456789AB', false],
    ['0123456789ag', false],
    ['0123456789ab\n', false],
    ['sha256:01234', false],
    ['', false],
  ])('%j: %s', (value, expected) => {
    expect(isShortId(value)).toBe(expected);
  });
});

describe('checkV1Id', () => {
  it('passes 64 hexadecimal characters', () => {
    expect(() => {
      checkV1Id(HEX);
    }).not.toThrow();
  });

  it.each([
    '',
    HEX.slice(1),
    `${HEX}0`,
    HEX.toUpperCase(),
    `sha256:${HEX}`,
    `../${HEX.slice(3)}`,
    `${HEX}\n`,
  ])('refuses %j', (id) => {
    expect(() => {
      checkV1Id(id);
    }).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: `image ID ${JSON.stringify(id)} is invalid`,
      }) as Error,
    );
  });
});

describe('generateRandomId', () => {
  /** Gives the rolls one after the other and counts them. */
  function dice(...rolls: readonly Bytes[]): { random: (length: number) => Bytes; asked: number[] } {
    const asked: number[] = [];
    return {
      asked,
      random: (length) => {
        asked.push(length);
        return rolls[Math.min(asked.length, rolls.length) - 1] ?? new Uint8Array();
      },
    };
  }

  const digits = new Uint8Array(32).fill(0x12);
  const letters = Uint8Array.from({ length: 32 }, (_, index) => index + 0x0a);

  it('writes 32 bytes in hexadecimal', () => {
    const { random, asked } = dice(letters);
    expect(generateRandomId(random)).toBe('0a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223242526272829');
    expect(asked).toEqual([32]);
  });

  it('rolls again while the first 12 characters are a number', () => {
    const lastOfTwelve = digits.with(5, 0x1a);
    const thirteenth = digits.with(6, 0xaa);
    const { random, asked } = dice(digits, thirteenth, lastOfTwelve);
    expect(generateRandomId(random).slice(0, 12)).toBe('12121212121a');
    expect(asked).toHaveLength(3);
  });

  it('gives up on a source that is none', () => {
    const broken = dice(digits);
    expect(() => generateRandomId(broken.random)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
    );
    expect(broken.asked.length).toBeLessThan(1000);
    for (const length of [0, 31, 33]) {
      expect(() => generateRandomId(() => new Uint8Array(length).fill(0xff))).toThrow('no usable ID');
    }
  });
});
