import { parseReference } from '@stowage/types';
import { parseAddress } from './address-range.ts';
import { goQuote } from './go-quote.ts';

/** Whether a text is a registry's host, with or without a port, by the grammar of references. */
export function isRegistryHost(text: string): boolean {
  return isDomain(text) && URL.canParse(`https://${text}`);
}

/** Whether a host is one of the names of Docker Hub in references. */
export function isDockerHub(host: string): boolean {
  return host === 'docker.io' || host === 'index.docker.io';
}

/** What is wrong with an entry `host[:port]` of docker's configuration, in moby's words; `undefined` for nothing. */
export function faultOfHostPort(text: string): string | undefined {
  const { host, port } = splitHostPort(text);
  if (!isDomain(text) && parseAddress(host) === undefined) return `invalid host ${goQuote(host)}`;
  return Number(port) > 65_535 ? `invalid port ${goQuote(port)}` : undefined;
}

/** Splits host and port as Go's `net.SplitHostPort` does, brackets cut off; what it refuses is all host. */
export function splitHostPort(text: string): { readonly host: string; readonly port: string } {
  const [, bracketed, plain, port] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text) ?? [];
  return { host: bracketed ?? plain ?? text, port: port ?? '' };
}

/** The grammar of the first part of a reference's name. */
function isDomain(text: string): boolean {
  try {
    return parseReference(`${text}/name`).domain === text;
  } catch {
    return false;
  }
}
