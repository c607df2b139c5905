import { gzipSync } from 'node:zlib';

/** What goes wrong with one answer, as data. What names no other answer changes the sound one. */
export interface Fault {
  /** Another answer than the sound one; so do `body` and `json`, with 200. */
  readonly status?: number;
  /** Headers of the other answer, or over those of the sound one; `null` leaves one out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string;
  readonly json?: unknown;
  /** A body of so many spaces. */
  readonly spaces?: number;
  /** The sound answer is that to another range; `null`: to a request for the whole. */
  readonly range?: string | null;
  /** The body is compressed, though nobody asked for that. */
  readonly gzip?: true;
  /** The headers do not say how long the body is. */
  readonly chunked?: true;
  /** The body is so many bytes longer. */
  readonly longer?: number;
  /** One byte of the body is another. */
  readonly flipByte?: number;
  /** The body ends after so many bytes, and the headers say that this is all. */
  readonly endAfter?: number;
  /** The socket is cut after so many bytes of the body. */
  readonly cutAfter?: number;
  /** So many bytes of the body, and then nothing more until the socket closes. */
  readonly stallAfter?: number;
  /** The socket is cut before any answer. */
  readonly drop?: true;
  /** There is never an answer. */
  readonly hang?: true;
  /** The sound host does what was asked, whatever is answered. */
  readonly heard?: true;
  /** So many bytes of the body arrive at the sound host, which keeps them; the rest is never read. */
  readonly takes?: number;
  /** The answer comes before the body of the request was read. */
  readonly early?: true;
}

/** A step of a scenario: at this request do that. */
export interface ScenarioStep {
  /** Matches `METHOD path`; in a text, `*` stands for anything. */
  readonly at: RegExp | string;
  /** Which of the two hosts it is about. Default: the registry. */
  readonly host?: 'elsewhere';
  /** Headers that the request must have: a part of the value, or `null` for a header that must be missing. */
  readonly when?: Readonly<Record<string, string | null>>;
  readonly fault: Fault;
  /** How many matching requests it happens to. Default 1. */
  readonly times?: number | 'always';
}

/** A request as it reaches a scripted host. */
export interface ScriptedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Headers;
  readonly elsewhere: boolean;
  /** Reads the body: all of it, or so many bytes. Absent where there is none. */
  readonly read?: (most: number) => Promise<Uint8Array<ArrayBuffer>>;
}

/** How a request is to be answered. */
export interface Plan {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** How it ends: as it should, with a cut after the body, or never. */
  readonly ending: 'end' | 'cut' | 'stall';
  /** What comes instead of an answer. */
  readonly instead?: 'drop' | 'hang';
}

/** Answers as a sound host. */
export type SoundHandler = (request: Request) => Promise<Response>;

/** A scenario that is being followed. */
export interface Script {
  /**
   * Every request so far: `METHOD path`, with its range, condition and authorization where it had one, what it sends of an
   * upload, and its host if not the registry.
   */
  readonly requests: string[];
  plan(request: ScriptedRequest): Promise<Plan>;
  /** Texts that stand for others in headers and bodies of faults, and the other way round in `requests`. */
  readonly names: Map<string, string>;
}

/** Begins to follow a scenario over hosts that are sound in everything else. */
export function createScript(sound: SoundHandler, steps: readonly ScenarioStep[]): Script {
  const left = steps.map((step) => ({ ...step, times: step.times ?? 1 }));
  const requests: string[] = [];
  const names = new Map<string, string>();
  const named = (text: string): string => replaceAll(text, [...names]);
  const unnamed = (text: string): string =>
    replaceAll(
      text,
      [...names].map(([name, value]) => [value, name]),
    );

  return {
    requests,
    names,
    async plan(request): Promise<Plan> {
      const line = unnamed(`${request.method} ${request.path}`);
      requests.push(logLine(line, request, unnamed));
      const step = left.find((one) => one.times !== 0 && matches(one, line, request));
      if (step !== undefined && step.times !== 'always') step.times -= 1;
      return await planOf(step?.fault ?? {}, request, sound, named);
    },
  };
}

function logLine(
  line: string,
  { headers, elsewhere }: ScriptedRequest,
  unnamed: (text: string) => string,
): string {
  const range = headers.get('range') ?? uploadedRange(headers);
  const condition = ['if-match', 'if-none-match'].find((name) => headers.has(name));
  const authorization = headers.get('authorization');
  const parts = [
    ...(elsewhere ? ['elsewhere'] : []),
    line,
    ...(range === null ? [] : [range]),
    ...(condition === undefined ? [] : [`${condition} ${unnamed(headers.get(condition) ?? '')}`]),
    ...(authorization === null ? [] : [`as ${authorization.replace(/^Basic .*/, 'Basic')}`]),
  ];
  return parts.join(' ');
}

/** What a request sends of an upload: the range of a chunk, or how many bytes. */
function uploadedRange(headers: Headers): string | null {
  if (headers.get('content-type') !== 'application/octet-stream') return null;
  return headers.get('content-range') ?? `${headers.get('content-length') ?? '0'} bytes`;
}

function matches({ at, host, when = {} }: ScenarioStep, line: string, request: ScriptedRequest): boolean {
  if ((host === 'elsewhere') !== request.elsewhere) return false;
  const pattern = typeof at === 'string' ? globOf(at) : at;
  if (!pattern.test(line)) return false;
  return Object.entries(when).every(([name, wanted]) => {
    const value = request.headers.get(name);
    return wanted === null ? value === null : value?.includes(wanted) === true;
  });
}

function globOf(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

async function planOf(
  fault: Fault,
  request: ScriptedRequest,
  sound: SoundHandler,
  named: (text: string) => string,
): Promise<Plan> {
  const instead = fault.drop === true ? 'drop' : fault.hang === true ? 'hang' : undefined;
  const other = isOther(fault) || instead !== undefined ? otherAnswer(fault, named) : undefined;
  const isHeard = other === undefined || fault.heard === true || fault.takes !== undefined;
  const content =
    isHeard || (fault.drop !== true && fault.early !== true) ? await read(fault, request) : undefined;
  const heard = isHeard ? await soundAnswer(fault, request, content, sound) : undefined;
  const answer = other ?? heard ?? otherAnswer(fault, named);
  let { body } = answer;
  const { headers } = answer;
  if (fault.longer !== undefined) body = Buffer.concat([body, Buffer.alloc(fault.longer)]);
  if (fault.flipByte !== undefined) body = flipped(body, fault.flipByte);
  if (fault.gzip === true) {
    body = gzipSync(body);
    headers['content-encoding'] = 'gzip';
  }
  if (fault.endAfter !== undefined) body = body.subarray(0, fault.endAfter);
  // What a HEAD tells is the length of a body that it does not have.
  if (request.method !== 'HEAD') headers['content-length'] = String(body.length);
  for (const [name, value] of Object.entries(fault.headers ?? {})) {
    if (value === null) Reflect.deleteProperty(headers, name);
    else headers[name] = named(value);
  }
  if (fault.chunked === true) Reflect.deleteProperty(headers, 'content-length');
  if (request.method === 'HEAD') body = new Uint8Array();
  const [ending, length] = endingOf(fault);
  return {
    status: answer.status,
    headers,
    body: body.subarray(0, length),
    ending,
    ...(instead === undefined ? {} : { instead }),
  };
}

interface Prepared {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

function isOther({ status, body, json, spaces }: Fault): boolean {
  return [status, body, json, spaces].some((value) => value !== undefined);
}

function otherAnswer({ status = 200, body, json, spaces }: Fault, named: (text: string) => string): Prepared {
  const text = body ?? (json === undefined ? ' '.repeat(spaces ?? 0) : JSON.stringify(json));
  const type = json === undefined ? 'text/html' : 'application/json';
  return { status, headers: { 'content-type': type }, body: new TextEncoder().encode(named(text)) };
}

async function read(
  { takes = Infinity }: Fault,
  request: ScriptedRequest,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return await request.read?.(takes);
}

async function soundAnswer(
  { range, takes }: Fault,
  { method, path, headers: asked }: ScriptedRequest,
  body: Uint8Array<ArrayBuffer> | undefined,
  sound: SoundHandler,
): Promise<Prepared> {
  const headers = new Headers(asked);
  if (range !== undefined) headers.delete('range');
  if (typeof range === 'string') headers.set('range', range);
  // Of a request that broke off there is no telling what it would have been.
  if (takes !== undefined) for (const name of ['content-length', 'content-range']) headers.delete(name);
  const init = {
    method: takes === undefined ? method : 'PATCH',
    headers,
    ...(body === undefined ? {} : { body }),
  };
  const response = await sound(new Request(`http://sound${path}`, init));
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: new Uint8Array(await response.arrayBuffer()),
  };
}

function endingOf({ cutAfter, stallAfter }: Fault): [Plan['ending'], number | undefined] {
  if (cutAfter !== undefined) return ['cut', cutAfter];
  return stallAfter === undefined ? ['end', undefined] : ['stall', stallAfter];
}

function flipped(body: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(body);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

function replaceAll(text: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((before, [from, to]) => before.replaceAll(from, to), text);
}
