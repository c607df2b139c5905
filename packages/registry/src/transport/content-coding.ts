import type { WireBodySource, WireResponse } from '../platform/wire-fetch.ts';

/** Whether the bytes on the wire are others than those that we get to see. */
export function isCoded(response: WireResponse): boolean {
  return codingOf(response) !== '';
}

/**
 * The body of an answer without its coding. Runtimes take a coding away by themselves, but for Deno, which takes a
 * request that names the codings it accepts for one whose sender deals with them; ours accepts none.
 */
export function decodedBody(response: WireResponse): WireBodySource | null {
  const { body } = response;
  const format = 'Deno' in globalThis ? FORMATS[codingOf(response)] : undefined;
  if (format === undefined || !(body instanceof ReadableStream)) return body;
  return (body as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(new DecompressionStream(format));
}

const FORMATS: Readonly<Record<string, CompressionFormat>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
};

function codingOf(response: WireResponse): string {
  const coding = response.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  return coding === 'identity' ? '' : coding;
}
