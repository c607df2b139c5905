import { HeaderScanner } from './header-scanner.ts';

/** One link of a `Link` header (RFC 8288, section 3). */
export interface Link {
  /** Where the link goes, as written: absolute or relative. */
  readonly target: string;
  /** The parameters by their names in lower case; of a name given twice, the first. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Parses the value of a `Link` header. A malformed value gives what was read before the fault. Never throws; takes
 * time linear in the length of the input.
 *
 * @param value the header's value
 *
 * @example
 * ```ts
 * import { parseLinkHeader } from '@stowage/registry';
 *
 * const [link] = parseLinkHeader('</v2/a/tags/list?last=b>; rel="next"');
 * console.log(link?.target, link?.parameters.get('rel')); // /v2/a/tags/list?last=b next
 * ```
 */
export function parseLinkHeader(value: string): Link[] {
  const links: Link[] = [];
  const scanner = new HeaderScanner(value);
  scanner.skipSeparators();
  do {
    const target = scanner.take('<') ? scanner.until('>') : undefined;
    if (target === undefined) break;
    const parameters = new Map<string, string>();
    links.push({ target, parameters });
    if (!readParameters(scanner, parameters)) break;
  } while (scanner.skipSeparators());
  return links;
}

/**
 * The target of the first link to the next page; `undefined` on the last page. As lenient as clients of registries have
 * always been: a lone link need not say what it is for, nor stand in angle brackets, and a target that was encoded as a
 * whole is decoded.
 */
export function nextLink(value: string | null): string | undefined {
  if (value === null) return undefined;
  const bare = /^\s*([^\s<>;,]+)(?=\s*(?:;|$))/.exec(value)?.[1];
  const links = parseLinkHeader(bare === undefined ? value : value.replace(bare, `<${bare}>`));
  const target = links.find(({ parameters }) => isNext(parameters.get('rel'), links.length === 1))?.target;
  return target === undefined ? undefined : decodedTarget(target);
}

function isNext(relation: string | undefined, alone: boolean): boolean {
  return relation === undefined ? alone : relation.toLowerCase().split(/\s+/).includes('next');
}

function decodedTarget(target: string): string {
  if (!/^(?:%2f|https?%3a)/i.test(target)) return target;
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}

function readParameters(scanner: HeaderScanner, into: Map<string, string>): boolean {
  for (;;) {
    scanner.skipSpace();
    if (!scanner.take(';')) return true;
    scanner.skipSpace();
    const name = scanner.token().toLowerCase();
    scanner.skipSpace();
    let value: string | undefined = '';
    if (scanner.take('=')) {
      scanner.skipSpace();
      value = scanner.quotedString() ?? (scanner.token() || undefined);
    }
    if (value === undefined) return false;
    if (name !== '' && !into.has(name)) into.set(name, value);
  }
}
