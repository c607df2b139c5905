import { HeaderScanner } from '../header/header-scanner.ts';
import type { WireHeaders } from '../platform/wire-fetch.ts';

/** What a registry, or our way to it, has to tell beside answers and errors. */
export type RegistryNotice =
  | {
      /** A `Warning: 299` of the registry (distribution-spec, "Warnings"), for people to read. */
      readonly kind: 'warning';
      readonly host: string;
      readonly message: string;
    }
  | {
      /** The credentials were refused by the token server; what needs none went on without. */
      readonly kind: 'stale-credentials';
      readonly host: string;
      readonly message: string;
    }
  | {
      /** A manifest could not be entered where its referrers are listed: the fallback tag is something else. */
      readonly kind: 'referrer-not-listed';
      readonly host: string;
      readonly message: string;
    }
  | ({
      /** The registry counts requests. Told once for each host, and once more when none is left. */
      readonly kind: 'rate-limit';
      readonly host: string;
    } & RateLimit);

/** How many requests a registry allows. */
export interface RateLimit {
  /** How many requests there may be in `windowSeconds`. */
  readonly limit: number;
  /** How many of them are left. */
  readonly remaining: number | undefined;
  /** The length of the window that is counted in, seconds. */
  readonly windowSeconds: number | undefined;
  /** Whose requests are counted together: an address, or an account. */
  readonly source: string | undefined;
}

/** Gets to know each notice once for each host. */
export type OnNotice = (notice: RegistryNotice) => void;

/** The most characters of a warning (distribution-spec, "Warnings"). */
const MAX_WARNING = 4096;
/** The most notices that are remembered for one listener. */
const MAX_REMEMBERED = 1000;

/** What each listener was told already. A listener is one for all repositories that share it. */
const told = new WeakMap<OnNotice, Set<string>>();

/** Tells a listener something, unless it was told before. */
export function notify(onNotice: OnNotice | undefined, notice: RegistryNotice): void {
  if (onNotice === undefined) return;
  const known = told.get(onNotice) ?? new Set();
  told.set(onNotice, known);
  const words = notice.kind === 'rate-limit' ? String(notice.remaining === 0) : notice.message;
  const key = JSON.stringify([notice.kind, notice.host, words]);
  if (known.has(key) || known.size >= MAX_REMEMBERED) return;
  known.add(key);
  onNotice(notice);
}

/** Tells a listener what the headers of an answer say. */
export function notifyOfHeaders(onNotice: OnNotice, host: string, headers: WireHeaders): void {
  for (const message of parseWarnings(headers.get('warning') ?? '')) {
    notify(onNotice, { kind: 'warning', host, message });
  }
  const rate = parseRateLimit(headers);
  if (rate !== undefined) notify(onNotice, { kind: 'rate-limit', host, ...rate });
}

/** The texts of the warnings with code 299 and no agent (distribution-spec, "Warnings"); others mean something else. */
export function parseWarnings(value: string): string[] {
  const texts: string[] = [];
  const scanner = new HeaderScanner(value.slice(0, 4 * MAX_WARNING));
  while (!scanner.done) {
    scanner.skipSeparators();
    const code = scanner.token();
    scanner.skipSpace();
    const agent = scanner.token();
    scanner.skipSpace();
    const text = scanner.quotedString();
    if (text === undefined) break;
    if (code === '299' && agent === '-' && text.length <= MAX_WARNING) texts.push(printable(text));
  }
  return texts;
}

/** Reads the headers that Docker Hub counts with: `ratelimit-limit: 100;w=21600`. */
export function parseRateLimit(headers: WireHeaders): RateLimit | undefined {
  const limit = parseCount(headers.get('ratelimit-limit'));
  if (limit === undefined) return undefined;
  const source = headers.get('docker-ratelimit-source');
  return {
    limit: limit.count,
    remaining: parseCount(headers.get('ratelimit-remaining'))?.count,
    windowSeconds: limit.window,
    source: source === null ? undefined : printable(source.slice(0, 256)),
  };
}

function parseCount(
  value: string | null,
): { readonly count: number; readonly window: number | undefined } | undefined {
  const [, count = '', window] = /^\s*(\d{1,9})(?:\s*;\s*w=(\d{1,9}))?\s*(?:[,;]|$)/.exec(value ?? '') ?? [];
  if (count === '') return undefined;
  return { count: Number(count), window: window === undefined ? undefined : Number(window) };
}

/** Control characters do not belong into a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}
