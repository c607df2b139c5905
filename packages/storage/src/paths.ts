// Paths of a store are written with slashes on every platform: Windows takes them, and a page has no `node:path`.

/** Names below a directory. The names have passed their gates: none is empty, a dot or two. */
export function join(directory: string, ...names: readonly string[]): string {
  return [directory === '/' ? '' : directory, ...names].join('/');
}

/** The directory that something is in; the topmost one is its own. */
export function dirname(path: string): string {
  const end = path.lastIndexOf('/');
  if (end > 0) return path.slice(0, end);
  return end === 0 ? '/' : path;
}

/** The last name of a path. */
export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
