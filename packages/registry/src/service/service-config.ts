import { StowageError } from '@stowage/types';
import type { AbortOptions, IndexInfo, ServiceConfig } from '@stowage/types';
import { addressBits } from '../address/address.ts';
import { isWithin, parseAddressRange } from '../address/address-range.ts';
import { validateIndexName } from '../address/index-name.ts';
import { faultOfHostPort } from '../address/registry-host.ts';

/** This machine, whose registries are insecure without being listed. */
const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1/128'];
/** What `localhost` means without asking anybody (RFC 6761, section 6.3). */
const LOCALHOST: readonly (string | undefined)[] = [addressBits('127.0.0.1'), addressBits('[::1]')];

/** Resolves a host name to its IP addresses. */
export type HostLookup = (hostname: string, options?: AbortOptions) => Promise<readonly string[]>;

/** What docker's daemon is told about registries. */
export interface ServiceConfigInit {
  /** Mirrors of Docker Hub, already in normal form. */
  readonly mirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly allowNondistributableArtifacts: readonly string[];
  readonly onWarning: (message: string) => void;
}

/**
 * Validates a configuration by moby's rules.
 *
 * @throws `INVALID_ARGUMENT`, in moby's words
 */
export function loadServiceConfig(init: ServiceConfigInit): ServiceConfig {
  const artifacts = loadNondistributable(init.allowNondistributableArtifacts);
  const insecure = loadInsecure(init.insecureRegistries, init.onWarning);
  const mirrors = [...init.mirrors];
  const hub: IndexInfo = { name: 'docker.io', mirrors, official: true, secure: true };
  const unsafe = insecure.hosts.map((name): IndexInfo => ({
    name,
    mirrors: [],
    official: false,
    secure: false,
  }));
  return {
    allowNondistributableArtifactsCIDRs: artifacts.ranges,
    allowNondistributableArtifactsHostnames: artifacts.hosts,
    insecureRegistryCIDRs: insecure.ranges,
    // Docker Hub last: nothing makes it insecure.
    indexConfigs: Object.fromEntries([...unsafe, hub].map((index) => [index.name, index])),
    mirrors,
  };
}

/**
 * Whether a registry must be reached over TLS with a certificate that checks out: not where it is listed as insecure by
 * exactly this host and port, and not where its address lies in a range of insecure ones. Without `lookup` no name is
 * resolved: only literal addresses, and `localhost`, lie in ranges.
 *
 * @param config as a registry service's `serviceConfig` gives it
 * @param indexName a registry's host, with its port where it has one
 * @param options `lookup` resolves names; one that fails resolves nothing, which means secure
 *
 * @example
 * ```ts
 * import { createRegistryService, isSecureIndex } from '@stowage/registry';
 *
 * const config = createRegistryService({ insecureRegistries: ['10.0.0.0/8'] }).serviceConfig();
 * console.log(await isSecureIndex(config, '10.1.2.3:5000')); // false
 * console.log(await isSecureIndex(config, 'registry.example')); // true
 * ```
 */
export async function isSecureIndex(
  config: ServiceConfig,
  indexName: string,
  options: AbortOptions & { readonly lookup?: HostLookup | undefined } = {},
): Promise<boolean> {
  const listed = Object.hasOwn(config.indexConfigs, indexName) ? config.indexConfigs[indexName] : undefined;
  if (listed !== undefined) return listed.secure;
  return !(await isInRanges(config.insecureRegistryCIDRs, indexName, options));
}

/** Whether a configuration lets layers that may not be distributed freely be pushed to a registry. */
export async function allowsNondistributable(
  config: ServiceConfig,
  host: string,
  options: AbortOptions & { readonly lookup?: HostLookup | undefined },
): Promise<boolean> {
  if (config.allowNondistributableArtifactsHostnames.includes(host)) return true;
  return await isInRanges(config.allowNondistributableArtifactsCIDRs, host, options);
}

async function isInRanges(
  cidrs: readonly string[],
  host: string,
  { lookup, signal }: AbortOptions & { readonly lookup?: HostLookup | undefined },
): Promise<boolean> {
  const ranges = cidrs.map(parseAddressRange).filter((range) => range !== undefined);
  const url = `https://${host}`;
  if (ranges.length === 0 || !URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  const literal = hostname === 'localhost' ? LOCALHOST : [addressBits(hostname)];
  const isIn = (bits: string | undefined): boolean =>
    bits !== undefined && ranges.some((range) => isWithin(bits, range));
  if (literal.some((bits) => bits !== undefined)) return literal.some(isIn);
  return (await resolve(hostname, lookup, signal)).map(bitsOf).some(isIn);
}

async function resolve(
  hostname: string,
  lookup: HostLookup | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (lookup === undefined) return [];
  try {
    return await lookup(hostname, { signal });
  } catch {
    signal?.throwIfAborted();
    return [];
  }
}

function bitsOf(address: string): string | undefined {
  const url = `http://${address.includes(':') ? `[${address}]` : address}`;
  return URL.canParse(url) ? addressBits(new URL(url).hostname) : undefined;
}

interface Entries {
  readonly ranges: readonly string[];
  readonly hosts: readonly string[];
}

function loadInsecure(list: readonly string[], onWarning: (message: string) => void): Entries {
  const entries = list.map((entry) => {
    validateIndexName(entry);
    const scheme = /^https?:\/\//i.exec(entry)?.[0] ?? '';
    if (scheme !== '') {
      const name = scheme.toLowerCase();
      onWarning(
        `insecure registry ${entry} should not contain '${name}' and '${name}' has been removed from the insecure registry config`,
      );
    }
    const registry = entry.slice(scheme.length);
    if (registry.includes('://')) throw invalid(`insecure registry ${registry} should not contain '://'`);
    return registry;
  });
  return sorted([...entries, ...LOOPBACK], 'insecure registry');
}

function loadNondistributable(list: readonly string[]): Entries {
  for (const entry of list) {
    validateIndexName(entry);
    if (entry.includes('://')) {
      throw invalid(`allow-nondistributable-artifacts registry ${entry} should not contain '://'`);
    }
  }
  return sorted(list, 'allow-nondistributable-artifacts registry');
}

/** Tells ranges from hosts, each once. */
function sorted(entries: readonly string[], kind: string): Entries {
  const ranges = new Set<string>();
  const hosts = new Set<string>();
  for (const entry of entries) {
    const range = parseAddressRange(entry);
    const fault = range === undefined ? faultOfHostPort(entry) : undefined;
    if (fault !== undefined) throw invalid(`${kind} ${entry} is not valid: ${fault}`);
    if (range === undefined) hosts.add(entry);
    else ranges.add(range.text);
  }
  return { ranges: [...ranges], hosts: [...hosts] };
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
