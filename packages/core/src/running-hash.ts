/** What a backend supplies; `createDigester` makes a `Digester` of it. */
export interface RunningHash {
  update(bytes: Uint8Array): void;
  /** Lower-case hexadecimal. */
  digest(): string;
  /** Where the running state can be told. `restore` throws on a state that is not of this backend. */
  readonly state?: { save(): Uint8Array; restore(state: Uint8Array): void };
}
