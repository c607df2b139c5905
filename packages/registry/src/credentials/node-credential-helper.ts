import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { isStowageError, StowageError } from '@stowage/types';
import type { AbortOptions, AuthConfig, Clock } from '@stowage/types';
import { canonicalHost, dockerKey, parseAuthKey } from './docker-config.ts';

const PREFIX = 'docker-credential-';
/** What the part of a helper's name behind the prefix may be: nothing that leads to another directory. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
/** Tokens are long, but not this long. */
const MAX_OUTPUT = 1024 * 1024;
const MAX_SHOWN = 200;
/** What helpers say who have nothing; it is part of the protocol. */
const NOT_FOUND = 'credentials not found in native keychain';
/** The user name that says that the secret is an identity token. */
const TOKEN_USER = '<token>';

/** What a credential helper is run with. */
export interface CredentialHelperInit {
  /** The name in the configuration: `pass` for `docker-credential-pass`. */
  readonly name: string;
  /** Environment variables, of which `PATH` tells where helpers are. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long a helper may take, milliseconds. It may have to ask the user. */
  readonly timeout: number;
  readonly clock: Clock;
}

/**
 * A program that keeps credentials, by docker's protocol: the request on standard input, the answer on standard output.
 * Nothing but `docker-credential-NAME` is run, and no shell.
 */
export class CredentialHelper {
  readonly #init: CredentialHelperInit;

  /** @throws `INVALID_ARGUMENT` for a name that could lead elsewhere */
  constructor(init: CredentialHelperInit) {
    if (!NAME.test(init.name)) {
      throw new StowageError('INVALID_ARGUMENT', `invalid name of a credential helper: ${show(init.name)}`);
    }
    this.#init = init;
  }

  /** The program's name. */
  get program(): string {
    return `${PREFIX}${this.#init.name}`;
  }

  /**
   * The credentials of a registry; `undefined` where the helper has none.
   *
   * @throws `NOT_FOUND` where there is no such program, `TIMEOUT`, `UNAVAILABLE` when it fails, `LIMIT_EXCEEDED`,
   *   `INVALID_ARGUMENT` for an answer that is none, or one for another registry
   */
  async get(host: string, options: AbortOptions = {}): Promise<AuthConfig | undefined> {
    const output = await this.#run('get', dockerKey(host), options).catch(undefinedWhereNotFound);
    if (output === undefined) return undefined;
    const { ServerURL: server, Username: username, Secret: secret } = this.#parse(output, 'get');
    if (typeof username !== 'string' || typeof secret !== 'string') throw this.#malformed('get');
    // Some leave out whom the answer is for; one that is for somebody else is not to be used.
    if (typeof server === 'string' && server !== '' && parseAuthKey(server).host !== canonicalHost(host)) {
      throw new StowageError(
        'INVALID_ARGUMENT',
        `${this.program} answered for another registry than ${host}`,
      );
    }
    if (username === '' && secret === '') return undefined;
    const serverAddress = canonicalHost(host);
    return username === TOKEN_USER
      ? { identityToken: secret, serverAddress }
      : { username, password: secret, serverAddress };
  }

  /** Keeps the credentials of a registry. */
  async store(host: string, auth: AuthConfig, options: AbortOptions = {}): Promise<void> {
    const { username = '', password = '', identityToken = '' } = auth;
    const request = {
      ServerURL: dockerKey(host),
      Username: identityToken === '' ? username : TOKEN_USER,
      Secret: identityToken === '' ? password : identityToken,
    };
    await this.#run('store', JSON.stringify(request), options);
  }

  /** Forgets the credentials of a registry; fine where there are none. */
  async erase(host: string, options: AbortOptions = {}): Promise<void> {
    await this.#run('erase', dockerKey(host), options).catch(undefinedWhereNotFound);
  }

  /** User names by the keys that the helper has credentials for. */
  async list(options: AbortOptions = {}): Promise<Readonly<Record<string, string>>> {
    const entries = Object.entries(this.#parse(await this.#run('list', '', options), 'list'));
    return Object.fromEntries(
      entries.map(([key, user]) => {
        if (typeof user !== 'string') throw this.#malformed('list');
        return [key, user];
      }),
    );
  }

  #parse(output: string, action: string): Readonly<Record<string, unknown>> {
    try {
      const value: unknown = JSON.parse(output);
      if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
    } catch {
      // What it says is a secret; so is what the parser says of it.
    }
    throw this.#malformed(action);
  }

  #malformed(action: string): StowageError {
    return new StowageError('INVALID_ARGUMENT', `${this.program} ${action}: malformed answer`);
  }

  async #run(action: string, input: string, { signal }: AbortOptions): Promise<string> {
    const { env, timeout, clock } = this.#init;
    signal?.throwIfAborted();
    const over = new AbortController();
    const end = new AbortController();
    const timer = clock.sleep(timeout, { signal: end.signal }).then(
      () => {
        const seconds = String(Math.round(timeout / 1000));
        over.abort(new StowageError('TIMEOUT', `${this.program} ${action}: no answer within ${seconds} s`));
      },
      () => undefined,
    );
    const stop = AbortSignal.any(signal === undefined ? [over.signal] : [signal, over.signal]);
    try {
      const { code, output } = await this.#start(action, env, (program) => converse(program, input, stop));
      if (code === 0) return output;
      const words = output.trim();
      const reason = words === NOT_FOUND ? 'credentials-not-found' : undefined;
      throw new StowageError(
        'UNAVAILABLE',
        `${this.program} ${action} failed: ${words === '' ? `exit code ${String(code)}` : show(words)}`,
        { reason },
      );
    } finally {
      end.abort();
      await timer;
    }
  }

  /** Starts the program; under Windows Subsystem for Linux the one of Windows, where Linux has none. */
  async #start<T>(
    action: string,
    env: CredentialHelperInit['env'],
    work: (child: ChildProcessWithoutNullStreams) => Promise<T>,
  ): Promise<T> {
    const names = [this.program, ...(env['WSL_DISTRO_NAME'] === undefined ? [] : [`${this.program}.exe`])];
    let failure: unknown;
    for (const name of names) {
      try {
        return await work(spawn(name, [action], { env: { ...env }, stdio: 'pipe', shell: false }));
      } catch (error) {
        failure = error;
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') break;
      }
    }
    if (isStowageError(failure)) throw failure;
    const { code, message } = failure as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new StowageError('NOT_FOUND', `${this.program} is not installed`, { cause: failure });
    }
    if (code === undefined) throw failure;
    throw new StowageError('UNAVAILABLE', `${this.program} ${action}: ${message}`, { cause: failure });
  }
}

/** Gives a program its input and reads its output. A program that goes on for too long, in either way, is ended. */
function converse(
  child: ChildProcessWithoutNullStreams,
  input: string,
  signal: AbortSignal,
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const give = (error: Error): void => {
      child.kill('SIGKILL');
      // What the program itself started may keep these open.
      child.stdout.destroy();
      child.stderr.destroy();
      reject(error);
    };
    const onAbort = (): void => {
      give(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    child.on('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      reject(error);
    });
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_OUTPUT) {
        give(
          new StowageError(
            'LIMIT_EXCEEDED',
            `a credential helper said more than ${String(MAX_OUTPUT)} bytes`,
          ),
        );
      } else {
        chunks.push(chunk);
      }
    });
    child.stderr.resume();
    child.on('close', (code) => {
      signal.removeEventListener('abort', onAbort);
      resolve({ code, output: Buffer.concat(chunks).toString() });
    });
    // A program that does not read what it is told ends badly by itself.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

function undefinedWhereNotFound(error: unknown): undefined {
  if (isStowageError(error) && error.reason === 'credentials-not-found') return undefined;
  throw error;
}

/** The beginning of a text, without what could steer a terminal. */
function show(text: string): string {
  return text.slice(0, MAX_SHOWN).replaceAll(/\p{Cc}+/gu, ' ');
}
