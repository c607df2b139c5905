import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateFiles } from './certificates.ts';
import { TOKEN_ISSUER, TOKEN_SERVICE } from './token-server.ts';

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
  /** Token auth: where tokens are to be had, and the path of the certificates of who signs them. */
  readonly token?: { readonly realm: string; readonly bundle: string };
  /** TLS, and the path of the certificates of who signs those of clients: nobody without one gets in. */
  readonly tls?: CertificateFiles & { readonly clients: string };
  /** Passes on what this registry has, and keeps it. */
  readonly mirrorOf?: string;
  /** Whether anything can be deleted. Default `true`. */
  readonly deletion?: boolean;
  /** Whether it takes manifests of schema 1. Default `false`. */
  readonly schema1?: boolean;
}

/** Starts Debian's docker-registry on a free loopback port, with CORS headers and an access log. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const directory = await mkdtemp(join(tmpdir(), 'stowage-registry-'));
  const port = await freePort();
  const log = join(directory, 'log');
  await writeFile(join(directory, 'config.yml'), configuration(directory, port, options));
  const child = spawn('sh', ['-c', `exec docker-registry serve ${directory}/config.yml >${log} 2>&1`]);
  const host = `127.0.0.1:${String(port)}`;
  await ready(port, child, log);
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

function configuration(directory: string, port: number, options: DockerRegistryOptions): string {
  const { htpasswd, token, tls, mirrorOf, deletion = true, schema1 = false } = options;
  const auth = [
    ...(htpasswd === undefined ? [] : [`auth: {htpasswd: {realm: test-realm, path: ${htpasswd}}}`]),
    ...(token === undefined
      ? []
      : [
          `auth: {token: {realm: "${token.realm}", service: ${TOKEN_SERVICE}, issuer: ${TOKEN_ISSUER}, rootcertbundle: ${token.bundle}}}`,
        ]),
    ...(mirrorOf === undefined ? [] : [`proxy: {remoteurl: "http://${mirrorOf}"}`]),
    ...(schema1 ? ['compatibility: {schema1: {enabled: true}}'] : []),
    '',
  ].join('\n');
  const secure =
    tls === undefined
      ? ''
      : `  tls: {certificate: ${tls.certificate}, key: ${tls.key}, clientcas: [${tls.clients}]}\n`;
  return `version: 0.1
log: {level: warn, accesslog: {disabled: false}}
storage: {filesystem: {rootdirectory: ${directory}/data}, delete: {enabled: ${String(deletion)}}}
${auth}http:
  addr: 127.0.0.1:${String(port)}
  relativeurls: true
  secret: not-a-secret
${secure}  headers:
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

async function ready(port: number, child: ChildProcess, log: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.destroy();
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
