import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { createNodeListener } from './http-adapter.ts';
import type { RequestHandler } from './http-adapter.ts';
import { listen } from './http-server.ts';
import type { ListeningServer } from './http-server.ts';

const MEGABYTE = 1024 * 1024;

let server: ListeningServer | undefined;
let errors: unknown[] = [];

afterEach(async () => {
  await server?.close(0);
  server = undefined;
  errors = [];
});

async function serve(handler: RequestHandler): Promise<string> {
  server = await listen(
    createNodeListener(handler, (error) => errors.push(error)),
    '127.0.0.1',
    0,
  );
  return server.url;
}

/** Sends text as it is and answers all that comes back. */
async function raw(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

async function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

/** Lets everything that is ready to run, run. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A stream that looks like a request, without a network beneath it that holds bytes of its own. */
function asMessage(stream: Readable, method: string): IncomingMessage {
  const parts = { method, url: '/', headers: { host: 'registry' }, rawHeaders: [], socket: {} };
  return Object.assign(stream, parts) as unknown as IncomingMessage;
}

/** A response that nobody reads until `go`, where it is paused. */
function fakeResponse(mode: 'flowing' | 'paused' = 'flowing') {
  const { happened: mayWrite, happen: go } = signalled();
  if (mode === 'flowing') go();
  let text = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      text += chunk.toString('latin1');
      void mayWrite.then(() => {
        callback();
      });
    },
  });
  const finished = once(stream, 'finish').then(() => text);
  const outgoing = Object.assign(stream, { writeHead: () => stream, headersSent: true });
  return {
    outgoing: outgoing as unknown as ServerResponse & { req: IncomingMessage },
    finished,
    go,
  };
}

/** A promise, and the means to resolve it. */
function signalled(): { readonly happened: Promise<void>; readonly happen: () => void } {
  let happen = (): void => undefined;
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happened, happen };
}

describe('a request', () => {
  it('arrives as it was sent', async () => {
    const url = await serve(async (request) =>
      Response.json({
        method: request.method,
        url: request.url,
        type: request.headers.get('Content-Type'),
        body: await request.text(),
      }),
    );
    const response = await fetch(`${url}/v2/a%2Fb/?digest=x`, {
      method: 'PUT',
      headers: { 'Content-Type': 'text/x-test' },
      body: 'content',
    });
    expect(await response.json()).toEqual({
      method: 'PUT',
      url: `${url}/v2/a%2Fb/?digest=x`,
      type: 'text/x-test',
      body: 'content',
    });
  });

  it('with a path that looks like another host stays here', async () => {
    const url = await serve((request) => Promise.resolve(new Response(request.url)));
    const answer = await raw(url, 'GET //evil.example/x HTTP/1.0\r\nHost: registry\r\n\r\n');
    expect(answer).toMatch(/\r\n\r\nhttp:\/\/registry\/\/evil\.example\/x$/);
  });

  it.each([
    ['GET http://evil.example/ HTTP/1.0\r\nHost: registry\r\n\r\n'],
    ['GET / HTTP/1.0\r\nHost: evil.example/path\r\n\r\n'],
    ['GET / HTTP/1.0\r\nHost: user@evil.example\r\n\r\n'],
    ['OPTIONS * HTTP/1.0\r\nHost: registry\r\n\r\n'],
    ['TRACE / HTTP/1.0\r\nHost: registry\r\n\r\n'],
  ])('that is none of ours is refused: %j', async (text) => {
    const url = await serve(() => Promise.reject(new Error('must not be asked')));
    expect(await raw(url, text)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('without a Host is for this host', async () => {
    const url = await serve((request) => Promise.resolve(new Response(request.url)));
    const answer = await raw(url, 'GET /x HTTP/1.0\r\n\r\n');
    expect(answer).toMatch(new RegExp(`http://localhost:${new URL(url).port}/x$`));
  });

  it('streams its body no faster than it is read', async () => {
    let sent = 0;
    const incoming = new Readable({
      read() {
        sent += 1;
        this.push(sent <= 64 ? Buffer.alloc(MEGABYTE) : null);
      },
    });
    const { happened: mayRead, happen } = signalled();
    const { outgoing, finished } = fakeResponse();
    const handler: RequestHandler = async (request) => {
      await mayRead;
      return new Response(String((await request.arrayBuffer()).byteLength));
    };
    createNodeListener(handler, () => undefined)(asMessage(incoming, 'POST'), outgoing);
    await turns();
    expect(sent).toBeLessThan(8);
    happen();
    expect(await finished).toBe(String(64 * MEGABYTE));
  });

  it('whose body nobody wants does not hold up the next one', async () => {
    const url = await serve((request) => Promise.resolve(new Response(request.method, { status: 401 })));
    for (let turn = 0; turn < 3; turn += 1) {
      const response = await fetch(url, { method: 'POST', body: new Uint8Array(4 * MEGABYTE) });
      expect([response.status, await response.text()]).toEqual([401, 'POST']);
    }
    const cancels = await serve(async (request) => {
      await request.body?.cancel();
      return new Response('cancelled');
    });
    expect(await (await fetch(cancels, { method: 'POST', body: new Uint8Array(MEGABYTE) })).text()).toBe(
      'cancelled',
    );
  });

  it('that breaks off fails for whoever reads it', async () => {
    const { happened: reading, happen: read } = signalled();
    const { happened, happen } = signalled();
    let failure: unknown;
    const url = await serve(async (request) => {
      read();
      failure = await request.text().catch((error: unknown) => error);
      expect(request.signal.aborted).toBe(true);
      happen();
      return new Response();
    });
    const request = httpRequest(url, { method: 'POST', headers: { 'Content-Length': '10' } });
    request.on('error', () => undefined);
    request.write('half');
    await reading;
    request.destroy();
    await happened;
    expect(failure).toBeInstanceOf(Error);
    expect(errors).toEqual([]);
  });
});

describe('an answer', () => {
  it('arrives with its status and headers', async () => {
    const headers = new Headers({ 'X-Test': 'yes', 'Content-Length': '2' });
    headers.append('Set-Cookie', 'a=1');
    headers.append('Set-Cookie', 'b=2');
    const url = await serve(() => Promise.resolve(new Response('ok', { status: 202, headers })));
    const response = await fetch(url);
    expect(response.status).toBe(202);
    expect(response.headers.get('X-Test')).toBe('yes');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.text()).toBe('ok');
  });

  it('to HEAD has headers and no body, whatever the handler says', async () => {
    const url = await serve(() =>
      Promise.resolve(new Response('body', { headers: { 'Content-Length': '4' } })),
    );
    const response = await fetch(url, { method: 'HEAD' });
    expect(response.headers.get('Content-Length')).toBe('4');
    expect(await response.text()).toBe('');
  });

  it('without a body ends', async () => {
    const url = await serve(() => Promise.resolve(new Response(null, { status: 204 })));
    expect((await fetch(url)).status).toBe(204);
  });

  it('is made no faster than it is read', async () => {
    let made = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        made += 1;
        if (made <= 64) controller.enqueue(new Uint8Array(MEGABYTE));
        else controller.close();
      },
    });
    const { outgoing, finished, go } = fakeResponse('paused');
    const handler = (): Promise<Response> => Promise.resolve(new Response(body));
    createNodeListener(handler, () => undefined)(asMessage(Readable.from([]), 'GET'), outgoing);
    await turns();
    expect(made).toBeLessThan(8);
    go();
    expect((await finished).length).toBe(64 * MEGABYTE);
  });

  it('is cancelled when the client goes away', async () => {
    const { happened: cancelled, happen } = signalled();
    const { happened: aborted, happen: abort } = signalled();
    const url = await serve((request) => {
      request.signal.addEventListener('abort', abort);
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          controller.enqueue(new Uint8Array(MEGABYTE));
        },
        cancel: happen,
      });
      return Promise.resolve(new Response(body));
    });
    const response = await responseOf(httpRequest(url).end());
    response.destroy();
    await Promise.all([cancelled, aborted]);
    expect(errors).toEqual([]);
  });

  it('that waits for more is cancelled too', async () => {
    const { happened: cancelled, happen } = signalled();
    const url = await serve(() => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(new Uint8Array(1));
        },
        cancel: happen,
      });
      return Promise.resolve(new Response(body));
    });
    const response = await responseOf(httpRequest(url).end());
    response.destroy();
    await cancelled;
    expect(errors).toEqual([]);
  });

  it('that fails before it begins is a 500', async () => {
    const url = await serve(() => Promise.reject(new Error('broken')));
    expect((await fetch(url)).status).toBe(500);
    expect(errors).toEqual([new Error('broken')]);
  });

  it('that fails on the way breaks off', async () => {
    const url = await serve(() => {
      let pulls = 0;
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          pulls += 1;
          if (pulls > 3) throw new Error('disk');
          controller.enqueue(new Uint8Array(1000));
        },
      });
      return Promise.resolve(new Response(body, { headers: { 'Content-Length': '100000' } }));
    });
    await expect(fetch(url).then((response) => response.arrayBuffer())).rejects.toThrow();
    expect(errors).toEqual([new Error('disk')]);
  });
});
