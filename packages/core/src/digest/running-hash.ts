/** What a backend supplies; `createDigester` makes a `Digester` of it. */
export interface RunningHash {
  update(bytes: Uint8Array): void;
  /** Lower-case hexadecimal. */
  digest(): string;
}

/** A running hash that can tell its state, in the format of `hash-state.ts`. */
export interface ResumableHash extends RunningHash {
  save(): Uint8Array;
  /** Goes on from a saved state. Throws, and changes nothing, where it is none of this algorithm. */
  restore(state: Uint8Array): void;
}
