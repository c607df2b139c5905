interface Syncing {
  readonly running: Promise<void>;
  next?: Promise<void>;
}

/**
 * Makes syncs of a directory serve all who ask for one at the same time. One that runs has no use for what changed since
 * it began: whoever asks meanwhile shares the next.
 */
export function shareSyncs(sync: (path: string) => Promise<void>): (path: string) => Promise<void> {
  const directories = new Map<string, Syncing>();
  const begin = (path: string): Promise<void> => {
    const end = (): void => {
      if (syncing.next === undefined) directories.delete(path);
    };
    const syncing: Syncing = { running: sync(path) };
    directories.set(path, syncing);
    syncing.running.then(end, end);
    return syncing.running;
  };
  return (path) => {
    const syncing = directories.get(path);
    if (syncing === undefined) return begin(path);
    const next = (): Promise<void> => begin(path);
    syncing.next ??= syncing.running.then(next, next);
    return syncing.next;
  };
}
