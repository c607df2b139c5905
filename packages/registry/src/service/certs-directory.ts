import type * as FileSystem from 'node:fs/promises';
import type * as Paths from 'node:path';
import { StowageError } from '@stowage/types';
import type { AbortOptions, EndpointTls } from '@stowage/types';

/** More than any certificate or key has, bytes. */
const MAX_FILE = 1024 * 1024;

/**
 * Reads the certificates for a registry in docker's way: from the directory that bears its host's name, every `*.crt`
 * is a certificate authority, and `*.cert` with the `*.key` of the same name are the client's. Of several such pairs the
 * first by name is used.
 *
 * @param directory docker's is `/etc/docker/certs.d`
 * @param host the registry's host, with its port where it has one, already through its grammar
 * @returns `undefined` where there is nothing
 * @throws `INVALID_ARGUMENT`, in moby's words, where half of a pair is missing; `STORAGE` for what cannot be read;
 *   `LIMIT_EXCEEDED` for a file of more than 1 MiB; `UNSUPPORTED` in a page
 */
export async function readCertsDirectory(
  directory: string,
  host: string,
  { signal }: AbortOptions = {},
): Promise<EndpointTls | undefined> {
  signal?.throwIfAborted();
  const fs = builtin('node:fs/promises');
  const path = builtin('node:path');
  const own = path.join(directory, process.platform === 'win32' ? host.replaceAll(':', '') : host);
  const names = (await fs.readdir(own).catch(noSuchDirectory)).sort();

  async function read(name: string): Promise<string> {
    const file = path.join(own, name);
    const { size } = await fs.stat(file).catch(unreadable);
    if (size > MAX_FILE) {
      throw new StowageError('LIMIT_EXCEEDED', `${file} is longer than ${String(MAX_FILE)} bytes`);
    }
    return await fs.readFile(file, { encoding: 'utf8', signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      return unreadable(error);
    });
  }

  const ca: string[] = [];
  let client: { readonly cert: string; readonly key: string } | undefined;
  for (const name of names) {
    if (name.endsWith('.crt')) {
      ca.push(await read(name));
    } else if (name.endsWith('.cert')) {
      const key = `${name.slice(0, -'.cert'.length)}.key`;
      if (!names.includes(key)) {
        throw invalid(
          `missing key ${key} for client certificate ${name}. Note that CA certificates should use the extension .crt`,
        );
      }
      client ??= { cert: await read(name), key: await read(key) };
    } else if (name.endsWith('.key')) {
      const cert = `${name.slice(0, -'.key'.length)}.cert`;
      if (!names.includes(cert)) throw invalid(`Missing client certificate ${cert} for key ${name}`);
    }
  }
  if (ca.length === 0 && client === undefined) return undefined;
  return { ...(ca.length === 0 ? {} : { ca }), ...client };
}

/** A module of Node, which Deno and Bun have too. The package's main entry imports none: it also runs in pages. */
function builtin<K extends 'node:fs/promises' | 'node:path'>(name: K): Builtins[K] {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const module = process?.getBuiltinModule?.(name);
  if (module === undefined) {
    throw new StowageError('UNSUPPORTED', 'certificates are read from files in Node, Deno and Bun only');
  }
  return module as Builtins[K];
}

interface Builtins {
  readonly 'node:fs/promises': typeof FileSystem;
  readonly 'node:path': typeof Paths;
}

function noSuchDirectory(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  return unreadable(error);
}

function unreadable(cause: unknown): never {
  throw new StowageError('STORAGE', `cannot read certificates: ${(cause as Error).message}`, { cause });
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
