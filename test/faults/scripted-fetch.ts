import type { Fetch } from '@stowage/types';
import type { Plan, Script } from './script.ts';
import { Stalls } from './stalls.ts';

/** The two hosts of a script, reached without a network. */
export interface ScriptedHosts {
  /** The origins. */
  readonly registry: string;
  readonly elsewhere: string;
  /** Where answers stand still. */
  readonly stalls: Stalls;
  /** Resolves when no answer is under way any more. */
  idle(): Promise<void>;
}

/** Follows a script within this process. */
export function createScriptedFetch(script: Script): ScriptedHosts & { readonly fetch: Fetch } {
  const registry = 'http://127.0.0.1:5000';
  const elsewhere = 'http://127.0.0.1:5001';
  const stalls = new Stalls();
  const fetch: Fetch = async (address, init = {}) => {
    const url = new URL(address);
    const { method = 'GET', signal } = init;
    signal?.throwIfAborted();
    const content = new Uint8Array(await new Response(init.body ?? null).arrayBuffer());
    const headersSent = new Headers(init.headers);
    if (content.length > 0) headersSent.set('content-length', String(content.length));
    const plan = await script.plan({
      method,
      path: `${url.pathname}${url.search}`,
      headers: headersSent,
      elsewhere: url.origin === elsewhere,
      ...(content.length > 0 ? { read: (most) => Promise.resolve(content.slice(0, most)) } : {}),
    });
    if (plan.instead === 'drop') throw reset();
    if (plan.instead === 'hang') {
      return await aborted(signal).finally(stalls.begin());
    }
    const { status, headers } = plan;
    const empty = method === 'HEAD' || [101, 204, 205, 304].includes(status);
    const decoded = new Headers(headers);
    return new Response(empty ? null : bodyOf(plan, stalls, signal), { status, headers: decoded });
  };
  return { registry, elsewhere, stalls, fetch, idle: () => Promise.resolve() };
}

function bodyOf(
  plan: Plan,
  stalls: Stalls,
  signal: AbortSignal | null | undefined,
): ReadableStream<Uint8Array> {
  const { body, ending } = plan;
  const announced = Number(plan.headers['content-length'] ?? body.length);
  let at = 0;
  let over = (): void => undefined;
  const raw = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller): Promise<void> {
        if (at < body.length) {
          const chunk = body.slice(at, at + 10_000);
          at += chunk.length;
          controller.enqueue(chunk);
          return;
        }
        if (ending === 'stall') {
          over = stalls.begin();
          await aborted(signal).finally(over);
        }
        if (ending === 'cut' || announced > body.length) controller.error(reset());
        else controller.close();
      },
      cancel(): void {
        over();
      },
    },
    { highWaterMark: 0 },
  );
  return plan.headers['content-encoding'] === 'gzip' ? raw.pipeThrough(new DecompressionStream('gzip')) : raw;
}

function reset(): Error {
  const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  return new TypeError('fetch failed', { cause });
}

function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}
