import { isRawJson } from './go-json-raw.ts';
import { compareUtf8 } from './go-json-text.ts';

/** Tells whether a decoded value is an object: no array, no `null`, no number kept as text. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJson(value);
}

/** Sets an own member of any name, `__proto__` included. A member that is there already moves to the end. */
export function setMember(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, { value, configurable: true, enumerable: true, writable: true });
    return;
  }
  if (Object.hasOwn(target, name)) Reflect.deleteProperty(target, name);
  target[name] = value;
}

/**
 * Sorts members by name as Go sorts the keys of a map, by bytes of UTF-8. A `Map` keeps the order whatever the names
 * are; a plain object would move names like `10` to the front.
 *
 * @param members an object or a map
 *
 * @example
 * ```ts
 * import { encodeGoJson, sortMembers } from '@stowage/types';
 *
 * console.log(new TextDecoder().decode(encodeGoJson(sortMembers({ b: 1, a: 2, 9: 3, 10: 4 }))));
 * // {"10":4,"9":3,"a":2,"b":1}
 * ```
 */
export function sortMembers<T>(
  members: Readonly<Record<string, T>> | ReadonlyMap<string, T>,
): Map<string, T> {
  const entries: [string, T][] =
    members instanceof Map
      ? [...(members as ReadonlyMap<string, T>)]
      : Object.entries(members as Record<string, T>);
  return new Map(entries.sort(([a], [b]) => compareUtf8(a, b)));
}
