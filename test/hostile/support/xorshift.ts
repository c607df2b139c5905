/** A generator of numbers from 0 up to a limit, the same for every run with one seed. */
export type Random = (limit: number) => number;

/** Makes a generator (xorshift32): quick, as it is asked some million times. */
export function randomOf(seed: number): Random {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}
