import { isJsonObject, setMember, sortMembers } from './go-json-member.ts';
import { normalizeGoTime, ZERO_GO_TIME } from './go-time.ts';

// What Go's structs say of the documents that moby reads and writes: which names their members have in any case, which
// order they are written in, and what is left out. Not exported from the package.

/**
 * What a member holds: text, number, boolean and time as Go keeps them by value; lists of text, where a command may
 * also be one string; maps of text, and sets, which are maps to `{}`; another struct; or data that is left as it is.
 */
type Kind = 'text' | 'number' | 'flag' | 'time' | 'texts' | 'command' | 'textMap' | 'set' | 'data' | GoStruct;

/** A member of a {@link GoStruct}. */
export interface GoField {
  readonly name: string;
  readonly kind: Kind;
  /** Whether it is left out where it is empty. */
  readonly isOptional: boolean;
  /** For structs: held by value, behind a pointer or in a list. */
  readonly form: 'value' | 'pointer' | 'list';
}

/** The members of a Go struct, in its order. */
export interface GoStruct {
  readonly fields: readonly GoField[];
  /** By their names, as they are and folded. */
  readonly byName: ReadonlyMap<string, GoField>;
}

/** A member that is always written. */
export function field(name: string, kind: Kind, form: GoField['form'] = 'value'): GoField {
  return { name, kind, isOptional: false, form };
}

/** A member that is written only where it holds something (`omitempty`). */
export function optional(name: string, kind: Kind, form: GoField['form'] = 'value'): GoField {
  return { name, kind, isOptional: true, form };
}

/** A struct of these members. */
export function goStruct(...fields: readonly GoField[]): GoStruct {
  const names = fields.flatMap((one) => [one.name, foldName(one.name)].map((name) => [name, one] as const));
  return { fields, byName: new Map(names) };
}

/** Folds a name as Go does to find the member it is meant for: two characters beyond ASCII fold into it, K and ſ. */
export function foldName(name: string): string {
  return name.replaceAll('\u017f', 's').toLowerCase();
}

/**
 * Reads an object as Go reads it into a struct: names match in any case, the last of one member wins, `null` leaves it
 * unset. Members that the struct does not have stay as they are. Types are not checked here.
 */
export function readGoStruct(document: Record<string, unknown>, struct: GoStruct): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(document)) {
    const known = struct.byName.get(name) ?? struct.byName.get(foldName(name));
    if (known === undefined) setMember(result, name, value);
    else if (value !== null) setMember(result, known.name, read(value, known));
  }
  return result;
}

/** Writes a record as Go writes the struct: every member that is not optional, in the struct's order, and no other. */
export function writeGoStruct(record: object, struct: GoStruct): Map<string, unknown> {
  const result = new Map<string, unknown>();
  for (const known of struct.fields) {
    const given = (record as Record<string, unknown>)[known.name];
    const value = given === undefined ? zeroOf(known) : write(given, known);
    if (!known.isOptional || !isEmpty(value, known)) result.set(known.name, value);
  }
  return result;
}

function read(value: unknown, { kind, form }: GoField): unknown {
  if (typeof kind === 'object') {
    if (form !== 'list') return isJsonObject(value) ? readGoStruct(value, kind) : value;
    return Array.isArray(value) ? value.map((one: unknown) => readElement(one ?? {}, kind)) : value;
  }
  if (kind === 'command' && typeof value === 'string') return [value];
  if (kind === 'texts' || kind === 'command') {
    return Array.isArray(value) ? value.map((one: unknown) => one ?? '') : value;
  }
  return kind === 'textMap' && isJsonObject(value) ? mapMembers(value, (one) => one ?? '') : value;
}

function readElement(value: unknown, struct: GoStruct): unknown {
  return isJsonObject(value) ? readGoStruct(value, struct) : value;
}

function mapMembers(
  record: Record<string, unknown>,
  change: (value: unknown) => unknown,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record)) setMember(result, name, change(value));
  return result;
}

function zeroOf({ kind, form }: GoField): unknown {
  if (typeof kind === 'object') return form === 'value' ? writeGoStruct({}, kind) : null;
  if (form === 'pointer') return null;
  switch (kind) {
    case 'text':
      return '';
    case 'number':
      return 0;
    case 'flag':
      return false;
    case 'time':
      return ZERO_GO_TIME;
    default:
      return null;
  }
}

function write(value: unknown, { kind, form }: GoField): unknown {
  if (typeof kind === 'object') {
    return form === 'list'
      ? (value as object[]).map((one) => writeGoStruct(one, kind))
      : writeGoStruct(value as object, kind);
  }
  switch (kind) {
    case 'time':
      return normalizeGoTime(value as string);
    case 'textMap':
      return sortMembers(value as Record<string, string>);
    case 'set':
      return sortMembers(mapMembers(value as Record<string, unknown>, () => ({})));
    default:
      // Go has no -0 among its integers.
      return value === 0 ? 0 : value;
  }
}

function isEmpty(value: unknown, { kind, form }: GoField): boolean {
  if (value === null) return true;
  // A struct is never empty to Go, and a pointer is not for what it points to.
  if (form === 'pointer' || (typeof kind === 'object' && form === 'value')) return false;
  if (Array.isArray(value)) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return value === '' || value === 0 || value === false;
}
