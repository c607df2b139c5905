import { createHash, createPrivateKey, createPublicKey, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CertificateFiles, KeyKind } from './certificates.ts';

export const TOKEN_SERVICE = 'test-service';
export const TOKEN_ISSUER = 'test-issuer';

/** A token server as docker's registries have one. */
export interface TokenServer {
  /** Where tokens are to be had. */
  readonly realm: string;
  /** The scopes of every request for a token, with `name:` before them where somebody proved to be that. */
  readonly requests: readonly string[];
  /** The last token that was given out. */
  readonly lastToken: string;
  /** How many seconds from now tokens run out from now on. Default 300. */
  lifetime: number;
  /** The names of repositories that nobody gets any right to. */
  readonly closed: Set<string>;
  stop(): Promise<void>;
}

/** Starts a token server: it gives nobody leave to pull, and `alice` with the password `s3cret` leave for everything. */
export async function startTokenServer(signer: CertificateFiles, kind: KeyKind): Promise<TokenServer> {
  const key = createPrivateKey(await readFile(signer.key));
  const requests: string[] = [];
  let lastToken = '';
  let lifetime = 300;
  const closed = new Set<string>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://server');
    const scopes = url.searchParams.getAll('scope');
    const user = userOf(request);
    requests.push(`${user === undefined ? '' : `${user}:`}${scopes.join(' ')}`);
    const access = scopes.map((scope) => accessOf(scope, user !== undefined, closed));
    lastToken = signToken(key, kind, access, lifetime);
    // What the client is told is more than is true: it is to find out by itself.
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ token: lastToken, expires_in: 300, issued_at: new Date().toISOString() }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    realm: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/token`,
    requests,
    get lastToken() {
      return lastToken;
    },
    get lifetime() {
      return lifetime;
    },
    set lifetime(seconds) {
      lifetime = seconds;
    },
    closed,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function userOf({ headers }: IncomingMessage): string | undefined {
  const basic = /^Basic (.*)$/.exec(headers.authorization ?? '')?.[1] ?? '';
  return Buffer.from(basic, 'base64').toString() === 'alice:s3cret' ? 'alice' : undefined;
}

function accessOf(scope: string, known: boolean, closed: ReadonlySet<string>): unknown {
  const [type = '', ...rest] = scope.split(':');
  const actions = (rest.pop() ?? '').split(',');
  const name = rest.join(':');
  const open = closed.has(name) ? [] : actions;
  return { type, name, actions: known ? open : open.filter((action) => action === 'pull') };
}

function signToken(key: KeyObject, kind: KeyKind, access: unknown, lifetime: number): string {
  const now = Math.floor(Date.now() / 1000);
  const header = { typ: 'JWT', alg: kind === 'rsa' ? 'RS256' : 'ES256', kid: keyId(key) };
  const claims = {
    iss: TOKEN_ISSUER,
    aud: TOKEN_SERVICE,
    sub: '',
    iat: now,
    nbf: now - 300,
    exp: now + lifetime,
    jti: randomUUID(),
    access,
  };
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** What docker's registry calls a key: the first 30 bytes of a hash in base32, in groups of four. */
function keyId(key: KeyObject): string {
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const hash = createHash('sha256').update(der).digest().subarray(0, 30);
  const bits = [...hash].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const text = (bits.match(/.{5}/g) ?? []).map((five) => letters[parseInt(five, 2)] ?? '').join('');
  return (text.match(/.{4}/g) ?? []).join(':');
}
