import { isAbsolute, join, resolve } from 'node:path';

/** What decides where the store is. */
export interface StoreLocationInit {
  /** What `--store` says. */
  readonly store?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory, from which relative paths count. */
  readonly cwd: string;
  /** The user's home directory. */
  readonly home: string;
}

/**
 * Where the store is: `--store`, else `$STOWAGE_STORE`, else `stowage` in the user's data directory by the XDG Base
 * Directory Specification, which ignores a relative `$XDG_DATA_HOME`.
 */
export function storeLocation({ store, env, cwd, home }: StoreLocationInit): string {
  const named = store ?? env['STOWAGE_STORE'] ?? '';
  if (named !== '') return resolve(cwd, named);
  const dataHome = env['XDG_DATA_HOME'] ?? '';
  return join(isAbsolute(dataHome) ? dataHome : join(home, '.local', 'share'), 'stowage');
}
