import { createDigester, createInflater, digestBytes } from '@stowage/core';
import { parseDigest, StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, Descriptor } from '@stowage/types';
import { BlobRange, readPart } from './blob-range.ts';
import type { Blob } from './blob-range.ts';
import { clip } from './chunk-reader.ts';
import { ListedLayer } from './listed-layer.ts';
import { beyondLimit, invalidToc, wrongDigest } from './toc-error.ts';
import type { ResolvedTocLimits, TocLayer, TocLayerInit } from './toc.ts';
import type { Span } from './ztoc-spans.ts';
import { parseZtoc } from './ztoc.ts';

// Loaded on demand, as a file of its own.

/** What SOCI calls the layer that a ztoc is of, in the descriptor of the ztoc. */
const LAYER_DIGEST = 'com.amazon.soci.image-layer-digest';
/** How much is inflated at a time: 16 MiB of output at most. */
const SLICE = 16 * 1024;

/** A gzip layer with a table of contents of SOCI's. */
export async function openZtocLayer(
  { content, descriptor, diffId }: TocLayerInit,
  ztoc: Bytes | Descriptor,
  limits: ResolvedTocLimits,
  options: AbortOptions,
): Promise<TocLayer> {
  const blob: Blob = { content, descriptor };
  const bytes = ztoc instanceof Uint8Array ? ztoc : await readZtoc(blob, ztoc, limits, options);
  if (bytes.length > limits.maxTocBytes) throw beyondLimit('bytes', limits.maxTocBytes);
  const { entries, spans, uncompressedSize } = parseZtoc(bytes, descriptor.size, limits);
  return new ListedLayer({
    ...{ kind: 'ztoc', diffId, descriptor, entries, verified: true },
    read(offset, length, readOptions) {
      if (offset + length > uncompressedSize) {
        throw new StowageError(
          'INVALID_ARGUMENT',
          `no such part of a layer of ${uncompressedSize} bytes: ${length} bytes at ${offset}`,
        );
      }
      return readSpans(blob, spans, offset, offset + length, readOptions);
    },
  });
}

async function readZtoc(
  { content, descriptor }: Blob,
  ztoc: Descriptor,
  { maxTocBytes: maxBytes }: ResolvedTocLimits,
  options: AbortOptions,
): Promise<Bytes> {
  const { size, digest, annotations = {} } = ztoc;
  const layer = annotations[LAYER_DIGEST];
  if (layer !== undefined && layer !== descriptor.digest) {
    throw invalidToc(`it is that of the layer ${layer.slice(0, 100)}`);
  }
  if (size > maxBytes) throw beyondLimit('bytes', maxBytes);
  const bytes = await readPart({ content, descriptor: ztoc }, 0, size, options);
  const actual = await digestBytes(bytes, parseDigest(digest).algorithm);
  if (actual !== digest) throw wrongDigest('ztoc', digest, actual);
  return bytes;
}

/** Bytes `from` to `to` of the tar. Nothing is inflated that was not verified. */
async function* readSpans(
  blob: Blob,
  spans: readonly Span[],
  from: number,
  to: number,
  options: AbortOptions,
): AsyncGenerator<Bytes, void, undefined> {
  const wanted = spans.filter(
    ({ checkpoint }, index) => checkpoint.out < to && (spans[index + 1]?.checkpoint.out ?? Infinity) > from,
  );
  const [first, last] = [wanted[0], wanted.at(-1)];
  if (first === undefined || last === undefined) return;
  const range = await BlobRange.open(blob, first.start, last.end, options);
  let at = first.checkpoint.out;
  let output: Bytes[] = [];
  const inflater = await createInflater({
    restore: first.checkpoint,
    onOutput: (bytes) => {
      const part = clip(bytes, at, from, to);
      at += bytes.length;
      // What an inflater gives out is overwritten by what follows.
      if (part.length > 0) output.push(part.slice());
    },
  });
  try {
    let previous: Bytes = new Uint8Array(0);
    let taken = first.start;
    for (const span of wanted) {
      const bytes = await collectSpan(range, taken, span.end);
      await verifySpan(span, previous.subarray(previous.length - (taken - span.start)), bytes);
      for (let slice = 0; slice < bytes.length && at < to; slice += SLICE) {
        inflater.write(bytes.subarray(slice, slice + SLICE));
        yield* output;
        output = [];
      }
      previous = bytes;
      taken = span.end;
    }
  } finally {
    inflater.free();
    await range.cancel();
  }
  if (at < to) throw invalidToc('the layer is shorter than it says');
}

async function collectSpan(range: BlobRange, start: number, end: number): Promise<Bytes> {
  const bytes = new Uint8Array(end - start);
  let at = 0;
  for await (const piece of range.take(start, end)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** @param shared the byte that the span has in common with the one before it, if there is one */
async function verifySpan({ digest }: Span, shared: Bytes, bytes: Bytes): Promise<void> {
  const digester = await createDigester(parseDigest(digest).algorithm);
  digester.update(shared);
  digester.update(bytes);
  const actual = digester.digest();
  if (actual !== digest) throw wrongDigest('a span of a layer', digest, actual);
}
