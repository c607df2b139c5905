const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];

/** How many significant digits docker shows. */
const DIGITS = 4;
/** Enough for every digit of a double that is not astronomical. */
const ALL_DIGITS = 99;

/**
 * A number of bytes as docker writes it: base 1000, four significant digits by the rules of Go's `%.4g`, ties to the
 * even digit. What rounds up to the next unit stays in its own: `1000kB`.
 *
 * @param bytes how many
 *
 * @example
 * ```ts
 * import { formatBytes } from '@stowage/types';
 *
 * console.log(formatBytes(3_402_645)); // 3.403MB
 * ```
 */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${formatGeneral(value)}${UNITS[unit] ?? ''}`;
}

/** Go's `%.4g` for a finite number. */
function formatGeneral(value: number): string {
  const { negative, digits, exponent } = round(value);
  const sign = negative ? '-' : '';
  if (exponent < -4 || exponent >= DIGITS) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const power = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${digits.charAt(0)}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}

/** The significant digits without trailing zeros, and the power of ten of the first. */
function round(value: number): {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
} {
  const [mantissa = '', power = ''] = roundHalfEven(Math.abs(value)).split('e');
  const digits = mantissa.replace('.', '');
  const significant = digits.replace(/0+$/, '');
  return { negative: value < 0, digits: significant === '' ? '0' : significant, exponent: Number(power) };
}

/** `toExponential` rounds a tie up; Go rounds it to the even digit. */
function roundHalfEven(value: number): string {
  const exact = value.toExponential(ALL_DIGITS);
  const [kept, rest] = [exact.slice(0, DIGITS + 1), exact.slice(DIGITS + 1, exact.indexOf('e'))];
  const tie = /^50*$/.test(rest);
  return tie && Number(kept.at(-1)) % 2 === 0
    ? kept + exact.slice(exact.indexOf('e'))
    : value.toExponential(DIGITS - 1);
}
