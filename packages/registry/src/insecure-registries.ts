import { StowageError } from '@stowage/types';
import { addressBits, isInRange, rangeBits } from './address.ts';
import { goQuote } from './go-quote.ts';
import { isRegistryHost } from './registry-host.ts';
import { isLoopbackHost } from './zone.ts';

/** Answers whether a registry, named by its host and port, may be spoken to without a checked certificate. */
export type InsecureTest = (host: string) => boolean;

/**
 * Reads the list of insecure registries: `host`, `host:port` or a CIDR range, as in docker's configuration. A host
 * counts only as it is written, its port included; a range counts for addresses, whatever their port. Names are never
 * resolved. This machine is always in the list.
 */
export function insecureTest(list: readonly string[]): InsecureTest {
  const hosts = new Set<string>();
  const ranges: string[] = [];
  for (const entry of list) {
    const registry = entry.replace(/^https?:\/\//i, '');
    if (registry.includes('://')) throw invalid(`insecure registry ${registry} should not contain '://'`);
    if (rangeBits(registry) !== undefined) ranges.push(registry);
    else hosts.add(checkedHost(registry));
  }
  return (host) => {
    if (hosts.has(host)) return true;
    const { hostname } = new URL(`https://${host}`);
    const bits = addressBits(hostname);
    if (bits !== undefined && ranges.some((range) => isInRange(bits, range))) return true;
    return isLoopbackHost(hostname);
  };
}

function checkedHost(registry: string): string {
  const port = /:(\d+)$/.exec(registry)?.[1];
  if (port !== undefined && Number(port) > 65_535) {
    throw invalid(`insecure registry ${registry} is not valid: invalid port ${goQuote(port)}`);
  }
  if (!isRegistryHost(registry)) {
    throw invalid(`insecure registry ${registry} is not valid: invalid host ${goQuote(registry)}`);
  }
  return registry;
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
