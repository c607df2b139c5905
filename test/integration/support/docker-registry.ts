import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A running CNCF distribution registry. */
export interface DockerRegistry {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Every request so far, as `METHOD path status`. */
  requests(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** What the registry is started with. */
export interface DockerRegistryOptions {
  /** Basic auth: the path of an htpasswd file. */
  readonly htpasswd?: string;
}

/** Starts Debian's docker-registry on a free loopback port, with CORS headers and an access log. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-registry-'));
  const port = await freePort();
  const log = join(directory, 'log');
  await writeFile(join(directory, 'config.yml'), configuration(directory, port, options));
  const child = spawn('sh', ['-c', `exec docker-registry serve ${directory}/config.yml >${log} 2>&1`]);
  const host = `127.0.0.1:${String(port)}`;
  await ready(`http://${host}/v2/`, child, log);
  return {
    host,
    requests: async () => parseAccessLog(await readFile(log, 'utf8')),
    stop: async () => {
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function configuration(directory: string, port: number, { htpasswd }: DockerRegistryOptions): string {
  const auth = htpasswd === undefined ? '' : `auth: {htpasswd: {realm: test-realm, path: ${htpasswd}}}\n`;
  return `version: 0.1
log: {level: warn, accesslog: {disabled: false}}
storage: {filesystem: {rootdirectory: ${directory}/data}, delete: {enabled: true}}
${auth}http:
  addr: 127.0.0.1:${String(port)}
  relativeurls: true
  secret: not-a-secret
  headers:
    Access-Control-Allow-Origin: ['*']
    Access-Control-Allow-Headers: [Authorization, Accept, Range, Cache-Control]
    Access-Control-Allow-Methods: [HEAD, GET, OPTIONS]
    Access-Control-Expose-Headers: [Docker-Content-Digest, Content-Length, Content-Range, Link, WWW-Authenticate]
`;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function ready(url: string, child: ChildProcess, log: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`docker-registry did not start: ${await readFile(log, 'utf8')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

function parseAccessLog(text: string): string[] {
  return [...text.matchAll(/"([A-Z]+) (\S+) HTTP\/[\d.]+" (\d+)/g)].map(
    ([, method, path, status]) => `${method ?? ''} ${path ?? ''} ${status ?? ''}`,
  );
}
