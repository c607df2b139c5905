/** The runtimes that tests run in, beside the Node that runs the tests. */
export declare const RUNTIMES: readonly string[];

/** The programs of the system that tests use; each is also the name of its Debian package. */
export declare const SYSTEM_PROGRAMS: readonly string[];

/**
 * The full path of a runtime or a program of the system, or undefined. Deno, Bun and all programs are also looked
 * for in PATH; a Node of a given version is not.
 */
export declare function findProgram(name: string): string | undefined;
