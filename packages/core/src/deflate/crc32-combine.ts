/** The reversed polynomial of ISO 3309: the highest bit is the coefficient of x^0. */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

/**
 * The CRC-32 of two runs of bytes from those of each: what the first one has left is shifted by the bits of the second
 * one, which is to multiply it by a power of x.
 *
 * @param length of the second run, in bytes
 */
export function combineCrc32(first: number, second: number, length: number): number {
  return (multiply(first, powerOfX(length * 8)) ^ second) >>> 0;
}

/** The product of two polynomials modulo the one of the CRC. */
function multiply(one: number, other: number): number {
  let product = 0;
  let factor = other;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if (one & bit) product ^= factor;
    factor = factor & 1 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1;
  }
  return product;
}

function powerOfX(exponent: number): number {
  let power = ONE;
  let square = ONE >>> 1;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}
