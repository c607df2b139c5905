import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BuiltImage } from './image-builder.ts';

/** One answer to a GET of a blob or a manifest. */
export interface Served {
  /** What was asked for: a digest, or a tag. */
  readonly target: string;
  /** The repository. */
  readonly name: string;
  /** Where the answer began, in bytes. */
  readonly offset: number;
  /** How many bytes of the body were handed to the network. */
  sent: number;
}

/** How the registry answers. */
export interface ThrottledRegistryOptions {
  /** Bytes of a body that are sent at a time. Default 16 KiB. */
  readonly piece?: number;
  /** The pause after each of them, milliseconds. Default 1. */
  readonly pause?: number;
}

/** A registry that answers slowly and keeps count of every byte. */
export interface ThrottledRegistry {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Every answer with a body so far. */
  readonly served: readonly Served[];
  /** Sends no more than so many bytes of a body, until it is let go. */
  hold(target: string, bytes: number): void;
  /** Sends everything again. */
  letGo(): void;
  stop(): Promise<void>;
}

interface Content {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: string;
}

const ROUTE = /^\/v2\/(.+)\/(blobs|manifests)\/([^/]+)$/;

/** Starts a registry that has the same images, by tag, in repositories of every name. */
export async function startThrottledRegistry(
  images: Readonly<Record<string, BuiltImage>>,
  { piece = 16 * 1024, pause = 1 }: ThrottledRegistryOptions = {},
): Promise<ThrottledRegistry> {
  const contents = contentsOf(images);
  const served: Served[] = [];
  let held: { readonly target: string; readonly bytes: number; readonly end: Promise<void> } | undefined;
  let letGo = (): void => undefined;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, name = '', kind = '', target = ''] = ROUTE.exec(request.url ?? '') ?? [];
    const content = contents.get(`${kind}/${target}`);
    if (request.url === '/v2/' || content === undefined) {
      response.writeHead(request.url === '/v2/' ? 200 : 404).end();
      return;
    }
    const { bytes, digest, mediaType } = content;
    const offset = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(offset === 0 ? 200 : 206, {
      'content-type': mediaType,
      'content-length': bytes.length - offset,
      'docker-content-digest': digest,
      ...(offset === 0 ? {} : { 'content-range': `bytes ${offset}-${bytes.length - 1}/${bytes.length}` }),
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const log: Served = { target, name, offset, sent: 0 };
    served.push(log);
    for (let at = offset; at < bytes.length && !response.destroyed; at += piece) {
      const part = bytes.subarray(at, at + piece);
      if (held?.target === target && at + part.length > held.bytes) await held.end;
      await new Promise((resolve) => response.write(part, resolve));
      log.sent += part.length;
      await sleep(pause);
    }
    response.end();
  };
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    served,
    hold: (target, bytes) => {
      const end = new Promise<void>((resolve) => {
        letGo = () => {
          held = undefined;
          resolve();
        };
      });
      held = { target, bytes, end };
    },
    letGo: () => {
      letGo();
    },
    stop: async () => {
      letGo();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function contentsOf(images: Readonly<Record<string, BuiltImage>>): ReadonlyMap<string, Content> {
  const contents = new Map<string, Content>();
  for (const [tag, { descriptor, manifest, config, layers }] of Object.entries(images)) {
    const content = { ...descriptor, bytes: manifest };
    contents.set(`manifests/${tag}`, content).set(`manifests/${descriptor.digest}`, content);
    for (const { descriptor: blob, bytes } of [config, ...layers]) {
      contents.set(`blobs/${blob.digest}`, { ...blob, bytes, mediaType: 'application/octet-stream' });
    }
  }
  return contents;
}
