import { openStowage } from 'stowage';
import type { Stowage, StowageOptions } from 'stowage';
import type { Environment } from './environment.ts';
import type { Output } from './output.ts';
import { storeLocation } from './store-location.ts';

/** What every command works with. */
export interface CommandContext {
  readonly environment: Environment;
  readonly output: Output;
}

/** Which store a command works on. */
export interface StoreFlags {
  readonly store?: string | undefined;
}

/** The directory of the store. */
export function storeRoot({ store }: StoreFlags, { environment }: CommandContext): string {
  return storeLocation({ store, ...environment });
}

/** Opens the store for as long as the work takes. */
export async function withStowage<T>(
  flags: StoreFlags,
  context: CommandContext,
  work: (stowage: Stowage) => Promise<T>,
  options: StowageOptions = {},
): Promise<T> {
  return await withRegistries(context, { ...options, root: storeRoot(flags, context) }, work);
}

/** Opens what speaks to registries and keeps nothing, for as long as the work takes. */
export async function withRegistries<T>(
  { environment }: CommandContext,
  options: StowageOptions,
  work: (stowage: Stowage) => Promise<T>,
): Promise<T> {
  const stowage = await (environment.openStowage ?? openStowage)(options);
  try {
    return await work(stowage);
  } finally {
    await stowage.close();
  }
}
