/** The runtimes that tests run in, beside the Node that runs the tests. */
export declare const RUNTIMES: readonly string[];

/** The programs of the system that tests use; each is also the name of its Debian package. */
export declare const SYSTEM_PROGRAMS: readonly string[];

/** The name of another tool for container images, which is compared with where it is there. */
export type PeerName = 'buildah' | 'containerd' | 'dockerd' | 'podman';

/** The peers, and the Debian package of each. Nothing fails where one is missing. */
export declare const PEER_PROGRAMS: Readonly<Record<PeerName, string>>;

/**
 * The full path of a runtime, a peer or a program of the system, or undefined. Deno, Bun and all programs are also
 * looked for in PATH; a Node of a given version is not.
 */
export declare function findProgram(name: string): string | undefined;

/** Why no peer can run here, or undefined: they unpack layers as root, and mount. */
export declare function peerObstacle(): string | undefined;
