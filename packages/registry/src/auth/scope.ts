/** What a token may be good for, taken apart: `repository:team/app:pull,push`. */
interface Scope {
  /** Type and name, for example `repository:team/app`. */
  readonly resource: string;
  readonly actions: readonly string[];
}

/** The longest scope that is taken from a challenge, characters. */
const MAX_SCOPE = 512;
/** The most scopes that are taken from one challenge. */
const MAX_SCOPES = 8;

/** What a token for reading a repository, or for writing to it as well, is asked for. */
export function repositoryScope(name: string, actions: 'pull' | 'push,pull'): string {
  return `repository:${name}:${actions}`;
}

/** The scopes that a challenge names, of those that are well-formed. */
export function scopesOf(text: string): string[] {
  return text
    .split(' ', MAX_SCOPES)
    .filter((scope) => scope.length <= MAX_SCOPE && parseScope(scope) !== undefined);
}

/** Puts scopes together: one for each resource, in the order they came, with all actions that are asked for it. */
export function mergeScopes(scopes: readonly string[]): string[] {
  const merged = new Map<string, string[]>();
  for (const text of scopes) {
    const scope = parseScope(text);
    if (scope === undefined) continue;
    const actions = merged.get(scope.resource) ?? [];
    actions.push(...scope.actions.filter((action) => !actions.includes(action)));
    merged.set(scope.resource, actions);
  }
  return [...merged].map(([resource, actions]) => `${resource}:${actions.join(',')}`);
}

/** Those of some wanted scopes that others do not include. */
export function missingScopes(wanted: readonly string[], held: readonly string[]): string[] {
  return wanted.filter((text) => {
    const scope = parseScope(text);
    if (scope === undefined) return false;
    const actions = held.flatMap((own) => {
      const other = parseScope(own);
      return other?.resource === scope.resource ? other.actions : [];
    });
    return !actions.includes('*') && scope.actions.some((action) => !actions.includes(action));
  });
}

/** Whether scopes ask for nothing but to read, which may be granted to anybody. */
export function isReadOnly(scopes: readonly string[]): boolean {
  return scopes.every((scope) => /^repository(?:\([a-z0-9]+\))?:.*:pull$/.test(scope));
}

function parseScope(text: string): Scope | undefined {
  const match = /^([a-z][a-z0-9]*(?:\([a-z0-9]+\))?:[!-~]+):([a-z*]+(?:,[a-z*]+)*)$/.exec(text);
  const [, resource, actions] = match ?? [];
  return resource === undefined || actions === undefined
    ? undefined
    : { resource, actions: actions.split(',') };
}
