import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { pushImage } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';

/** What goes wrong with one answer. */
export type Fault =
  /** Another answer than the registry's own. */
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** The socket is cut before any answer. */
  | { readonly drop: true }
  /** The socket is cut after so many bytes of the body. */
  | { readonly cutAfter: number }
  /** The body ends after so many bytes, and the headers say that this is all. */
  | { readonly endAfter: number }
  /** One byte of the body is another. */
  | { readonly flipByte: number }
  /** So many bytes of the body, and then nothing more until the socket closes. */
  | { readonly stallAfter: number };

/** A step of a scenario: at this request do that. */
export interface ScenarioStep {
  /** Matches `METHOD path`. */
  readonly at: RegExp;
  readonly fault: Fault;
  /** How many matching requests it happens to. Default 1. */
  readonly times?: number;
}

/** A registry that follows a scenario and is sound in everything else. */
export interface ScriptedRegistry {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Every request so far, as `METHOD path`, with its range where it asked for one. */
  readonly requests: readonly string[];
  /** Resolves when a request that matches has begun to be answered. */
  seen(at: RegExp): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a registry that holds `images` by `name:tag` and does what the scenario says. */
export async function startScriptedRegistry(
  images: Readonly<Record<string, BuiltImage>>,
  scenario: readonly ScenarioStep[] = [],
): Promise<ScriptedRegistry> {
  const registry = createRegistryServer({ storage: createMemoryStorage() });
  for (const [name, image] of Object.entries(images)) {
    const [repository = '', tag = 'latest'] = name.split(':');
    await pushImage(
      (url, init) => registry(new Request(url, init)),
      'http://registry',
      repository,
      tag,
      image,
    );
  }
  const left = scenario.map((step) => ({ ...step, times: step.times ?? 1 }));
  const requests: string[] = [];
  const waiting = new Set<{ at: RegExp; resolve: () => void }>();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const line = `${request.method ?? ''} ${request.url ?? ''}`;
    const { range } = request.headers;
    requests.push(range === undefined ? line : `${line} ${range}`);
    const step = left.find(({ at, times }) => times > 0 && at.test(line));
    if (step !== undefined) step.times -= 1;
    const headers = new Headers(range === undefined ? {} : { range });
    const sound = await registry(
      new Request(`http://${host}${request.url ?? ''}`, { method: request.method ?? 'GET', headers }),
    );
    await perform(step?.fault, sound, request, response);
    for (const one of waiting) if (one.at.test(line)) one.resolve();
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    host,
    requests,
    seen: (at) => new Promise((resolve) => waiting.add({ at, resolve })),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function perform(
  fault: Fault | undefined,
  sound: Response,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (fault !== undefined && 'drop' in fault) {
    request.socket.destroy();
    return;
  }
  if (fault !== undefined && 'status' in fault) {
    response
      .writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers })
      .end(fault.body ?? '');
    return;
  }
  const body = Buffer.from(await sound.arrayBuffer());
  const headers = Object.fromEntries(sound.headers);
  if (fault !== undefined && 'flipByte' in fault)
    body.writeUInt8(body.readUInt8(fault.flipByte) ^ 1, fault.flipByte);
  const ends = fault !== undefined && 'endAfter' in fault ? fault.endAfter : body.length;
  if (request.method !== 'HEAD') headers['content-length'] = String(ends);
  response.writeHead(sound.status, headers);
  if (fault !== undefined && ('cutAfter' in fault || 'stallAfter' in fault)) {
    const [cut, count] = 'cutAfter' in fault ? [true, fault.cutAfter] : [false, fault.stallAfter];
    response.write(body.subarray(0, count), () => {
      // Bytes that were written are to arrive before the socket goes.
      if (cut) setImmediate(() => request.socket.destroy());
    });
    return;
  }
  response.end(request.method === 'HEAD' ? undefined : body.subarray(0, ends));
}
