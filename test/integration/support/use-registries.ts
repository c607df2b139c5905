import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RegistryServer } from '@stowage/registry-server';
import { afterAll, beforeAll } from 'vitest';
import { startDockerRegistry } from './docker-registry.ts';
import type { DockerRegistry, DockerRegistryOptions } from './docker-registry.ts';
import { serveHttp } from './http.ts';
import type { HttpServer } from './http.ts';

/** Who the registries that ask for a password know. */
export const ALICE = { username: 'alice', password: 's3cret' } as const;

/** `alice` with the password `s3cret`, by bcrypt as docker-registry wants it. */
const HTPASSWD = 'alice:$2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG\n';

/** The registries of a test file; all of them stop at its end. */
export interface Registries {
  /** A folder for the files of the tests, there until their end. */
  readonly directory: string;
  /** Starts a docker-registry. */
  start(options?: DockerRegistryOptions): Promise<DockerRegistry>;
  /** Starts a docker-registry that knows {@link ALICE} and nobody else. */
  startWithPassword(): Promise<DockerRegistry>;
  /** Serves a registry of ours. */
  serve(server: RegistryServer): Promise<HttpServer>;
  /** Stops something else at the end too. */
  keep<T extends { stop(): Promise<void> }>(one: T): T;
}

/** Sets registries up in a test file. */
export function useRegistries(): Registries {
  let directory = '';
  const running: { stop(): Promise<void> }[] = [];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stowage-registries-'));
  });
  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    await rm(directory, { recursive: true, force: true });
  });
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => {
    running.push(one);
    return one;
  };
  const start = async (options?: DockerRegistryOptions): Promise<DockerRegistry> =>
    keep(await startDockerRegistry(options));
  return {
    get directory() {
      return directory;
    },
    start,
    startWithPassword: async () => {
      const htpasswd = join(directory, 'htpasswd');
      await writeFile(htpasswd, HTPASSWD);
      return await start({ htpasswd });
    },
    serve: async (server) => {
      const served = await serveHttp(server);
      keep({ stop: () => served.close() });
      return served;
    },
    keep,
  };
}
