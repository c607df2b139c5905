// Numbers as Go writes them; not exported from the package.

/** Writes a finite number as Go writes a `float64`: the fewest digits that name it, as JavaScript's, and -0 as such. */
export function formatGoNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Tells whether a number's text survives being made a JavaScript number. Only Go's own spelling does: not `1.0`. */
export function isGoNumber(text: string): boolean {
  return formatGoNumber(Number(text)) === text;
}
