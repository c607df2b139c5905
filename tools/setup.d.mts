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

/**
 * The Debian packages of what is missing: `isThere` tells of a program by its name. Peers are many and large, so they
 * are only installed where everything is to be tested.
 */
export declare function missingPackages(
  isThere: (name: string) => boolean,
  everything: boolean,
): readonly string[];

/** What to say of the tests that are left out, and whether one of them must not be. */
export declare function reportMissing(
  isThere: (name: string) => boolean,
  obstacle: string | undefined,
): { readonly lines: readonly string[]; readonly incomplete: boolean };
