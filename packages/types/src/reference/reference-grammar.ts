// The grammar of distribution/reference v0.6. No expression here can match a text in two ways, so each takes time
// linear in its input.

const DOMAIN_LABEL = /^[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*$/;
const IPV6_HOST = /^\[[a-fA-F0-9:]+\]$/;
const PORT = /^[0-9]+$/;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST_ALGORITHM = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*$/;
const DIGEST_HEX = /^[0-9a-fA-F]{32,}$/;

/** A name, split after its domain. */
export interface NameParts {
  readonly domain?: string;
  readonly path: string;
}

/** A reference, split but not yet checked: lengths and digests have rules beyond the grammar. */
export interface ReferenceParts extends NameParts {
  readonly tag?: string;
  readonly digest?: string;
}

/** Splits `name[:tag][@digest]`, or answers `undefined` where the text does not follow the grammar. */
export function splitReference(value: string): ReferenceParts | undefined {
  const at = value.indexOf('@');
  const digest = at < 0 ? undefined : value.slice(at + 1);
  const nameAndTag = at < 0 ? value : value.slice(0, at);
  if (digest !== undefined && !isDigestShaped(digest)) return undefined;

  const colon = nameAndTag.indexOf(':', nameAndTag.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : nameAndTag.slice(colon + 1);
  const name = colon < 0 ? nameAndTag : nameAndTag.slice(0, colon);
  if (tag !== undefined && !isTag(tag)) return undefined;

  const named = splitName(name);
  if (named === undefined) return undefined;
  return { ...named, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** Splits `[domain/]path`: the first of several components is the domain wherever it can be one. */
export function splitName(name: string): NameParts | undefined {
  const slash = name.indexOf('/');
  const first = slash < 0 ? name : name.slice(0, slash);
  if (slash > 0 && isDomain(first)) {
    const path = name.slice(slash + 1);
    return isPath(path) ? { domain: first, path } : undefined;
  }
  return isPath(name) ? { path: name } : undefined;
}

/** Whether a text can be a tag. */
export function isTag(value: string): boolean {
  return TAG.test(value);
}

/** Whether a text looks like a digest, which is less than go-digest asks for. */
export function isDigestShaped(value: string): boolean {
  const colon = value.indexOf(':');
  return colon > 0 && DIGEST_ALGORITHM.test(value.slice(0, colon)) && DIGEST_HEX.test(value.slice(colon + 1));
}

/**
 * Lower case as Go's `strings.ToLower` has it, by which moby tells that only the case of a name is wrong. It maps each
 * character to one other, where JavaScript makes two of a capital I with a dot.
 */
export function toLowerCase(value: string): string {
  return value.replaceAll('\u0130', 'i').toLowerCase();
}

function isPath(path: string): boolean {
  return path.split('/').every((component) => PATH_COMPONENT.test(component));
}

function isDomain(value: string): boolean {
  const end = value.startsWith('[') ? value.indexOf(']') + 1 : value.indexOf(':');
  const host = end <= 0 ? value : value.slice(0, end);
  const rest = value.slice(host.length);
  if (rest !== '' && !(rest.startsWith(':') && PORT.test(rest.slice(1)))) return false;
  return IPV6_HOST.test(host) || host.split('.').every((label) => DOMAIN_LABEL.test(label));
}
