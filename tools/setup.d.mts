/** The part of a lockfile of npm that says what is installed. */
export interface Lockfile {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly version?: string;
        readonly integrity?: string;
        readonly optional?: boolean;
        readonly devOptional?: boolean;
        readonly peer?: boolean;
      }
    >
  >;
}

/** Whether `npm ci` is due: something in the lockfile is not what is installed. */
export declare function isStale(lockfile: Lockfile, installed: Lockfile | undefined): boolean;

/** The tail of a command's output without addresses. */
export declare function excerpt(output: string): string;
