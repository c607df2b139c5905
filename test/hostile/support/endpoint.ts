import type { RegistryEndpoint } from '@stowage/types';

/** An endpoint that nobody has configured. */
export function endpoint(url: string, flags: Partial<RegistryEndpoint> = {}): RegistryEndpoint {
  return { url, mirror: false, official: false, insecure: false, ...flags };
}
