import { addressBits, isInRange, rangeBits } from '../address/address.ts';
import { isLoopbackHost } from '../address/zone.ts';

/** Which requests go through a proxy. */
export interface ProxySettings {
  /** The proxy for http, for example `http://proxy.example:3128`. Default: none. */
  readonly httpProxy?: string | undefined;
  /** The proxy for https. Default: none. */
  readonly httpsProxy?: string | undefined;
  /**
   * Where no proxy is used, by the rules of Go's programs: hosts with all below them, `.example.com` for only what is
   * below, addresses, CIDR ranges, each with a port where only that is meant; `*` for everything. Separated by commas.
   * This machine is never reached through a proxy.
   */
  readonly noProxy?: string | undefined;
}

/** The settings in the environment: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, or the same in lower case. */
export function proxyFromEnvironment(variables: Readonly<Record<string, string | undefined>>): ProxySettings {
  const read = (name: string): string | undefined =>
    variables[name] || variables[name.toLowerCase()] || undefined;
  return {
    // A web server hands the headers of requests to CGI programs in such variables: `Proxy:` becomes HTTP_PROXY.
    httpProxy: variables['REQUEST_METHOD'] === undefined ? read('HTTP_PROXY') : undefined,
    httpsProxy: read('HTTPS_PROXY'),
    noProxy: read('NO_PROXY'),
  };
}

/** The proxy that a URL is to be asked through; `undefined` for none. One without a scheme speaks http. */
export function proxyFor(
  url: URL,
  { httpProxy, httpsProxy, noProxy = '' }: ProxySettings,
): string | undefined {
  const proxy = url.protocol === 'https:' ? httpsProxy : httpProxy;
  if (proxy === undefined || proxy === '' || isLoopbackHost(url.hostname)) return undefined;
  if (noProxy.split(',').some((rule) => covers(rule.trim().toLowerCase(), url))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

function covers(rule: string, { hostname, port, protocol }: URL): boolean {
  if (rule === '') return false;
  if (rule === '*') return true;
  const address = addressBits(hostname);
  if (rangeBits(rule) !== undefined) return address !== undefined && isInRange(address, rule);
  const [, host = bracketed(rule), ownPort] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(rule) ?? [];
  if (ownPort !== undefined && ownPort !== (port || (protocol === 'https:' ? '443' : '80'))) return false;
  if (address !== undefined) return addressOf(host) === address;
  if (host.startsWith('[')) return false;
  const name = host.replace(/^\*(?=\.)/, '');
  const below = name.startsWith('.') ? name : `.${name}`;
  return hostname === name || hostname.endsWith(below);
}

/** An IPv6 address as hosts of URLs are written. */
function bracketed(text: string): string {
  return text.startsWith('[') ? text : `[${text}]`;
}

function addressOf(host: string): string | undefined {
  const url = `http://${host}`;
  return URL.canParse(url) ? addressBits(new URL(url).hostname) : undefined;
}
