import { decodeTarText } from '@stowage/core';
import { decodeBase64Url, isDigest, StowageError } from '@stowage/types';
import type { Bytes, Digest, LayerEntry } from '@stowage/types';
import { placeChunks } from './chunk-map.ts';
import type { ChunkedFile, OpenChunk } from './chunk-map.ts';
import { countOf, EntryGate } from './entry-gate.ts';
import { beyondLimit, invalidToc } from './toc-error.ts';
import type { ResolvedTocLimits } from './toc.ts';

/** What eStargz puts into a layer for its own use. */
const HIDDEN = new Set(['.prefetch.landmark', '.no.prefetch.landmark', 'stargz.index.json']);

/** What the JSON of a table of contents tells of a layer. */
export interface ParsedToc {
  readonly entries: readonly LayerEntry[];
  readonly files: readonly ChunkedFile[];
  /** Whether every chunk has a digest. */
  readonly hasDigests: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** A file whose chunks are still coming. */
interface OpenFile {
  readonly address: number;
  readonly size: number;
  readonly chunks: OpenChunk[];
  /** Where its chunks end in the blob; 0 where the table does not tell it. */
  readonly end: number;
  readonly digest: Digest | undefined;
}

/**
 * Reads the JSON of eStargz and zstd:chunked: CRFS's with additions of either. `INVALID_ARCHIVE`, `LIMIT_EXCEEDED`,
 * `UNSUPPORTED` for a version or a kind of chunk that is not known.
 *
 * @param dataEnd where in the blob the table begins
 */
export function parseTocJson(json: Bytes, dataEnd: number, limits: ResolvedTocLimits): ParsedToc {
  const { version, entries } = parseObject(json);
  if (version !== 1) {
    throw new StowageError(
      'UNSUPPORTED',
      `table of contents of version ${typeof version === 'number' ? version : 'none'}`,
    );
  }
  if (!Array.isArray(entries)) throw invalidToc('it has no entries');
  const reader = new EntryReader(limits);
  for (const entry of entries as unknown[]) reader.take(entry);
  return reader.end(dataEnd);
}

function parseObject(json: Bytes): Json {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(json));
  } catch (error) {
    throw invalidToc('it is not JSON', error);
  }
  if (!isObject(value)) throw invalidToc('it is no object');
  return value;
}

class EntryReader {
  readonly #limits: ResolvedTocLimits;
  readonly #gate: EntryGate;
  readonly #entries: LayerEntry[] = [];
  readonly #files: ChunkedFile[] = [];
  readonly #chunks: OpenChunk[] = [];
  #open: OpenFile | undefined;
  #address = 0;
  #hasDigests = true;

  constructor(limits: ResolvedTocLimits) {
    this.#limits = limits;
    this.#gate = new EntryGate(limits.tar);
  }

  take(value: unknown): void {
    if (!isObject(value)) throw invalidToc('an entry that is no object');
    if (value['type'] === 'chunk') {
      if (this.#open === undefined) throw invalidToc('a chunk of no file');
      this.#addChunk(this.#open, value);
      return;
    }
    this.#closeFile();
    const size = countOf(value['size'], 'a size');
    const entry = this.#gate.admit({
      name: textOf(value, 'name'),
      type: textOf(value, 'type'),
      size,
      mode: countOf(value['mode'], 'a mode'),
      uid: countOf(value['uid'], 'an owner'),
      gid: countOf(value['gid'], 'a group'),
      mtime: textOf(value, 'modtime'),
      linkname: textOf(value, 'linkName'),
      devmajor: countOf(value['devMajor'], 'a device'),
      devminor: countOf(value['devMinor'], 'a device'),
      xattrs: attributesOf(value['xattrs']),
      offset: this.#address,
    });
    const isHidden = entry.type === 'file' && HIDDEN.has(entry.path);
    if (!isHidden) this.#entries.push(entry);
    if (entry.type === 'file') this.#openFile(value, size);
  }

  end(dataEnd: number): ParsedToc {
    this.#closeFile();
    placeChunks(this.#chunks, dataEnd);
    return { entries: this.#entries, files: this.#files, hasDigests: this.#hasDigests };
  }

  #openFile(value: Json, size: number): void {
    const address = this.#address;
    // Also an empty file has an address that no other has.
    this.#address += Math.max(1, size);
    const { maxLayerBytes } = this.#limits;
    if (size > maxLayerBytes || this.#address > maxLayerBytes)
      throw beyondLimit('bytes of files', maxLayerBytes);
    const end = countOf(value['endOffset'], 'an end');
    this.#open = { address, size, chunks: [], end, digest: digestOf(value, 'digest') };
    if (size > 0) this.#addChunk(this.#open, value);
  }

  #addChunk({ size: fileSize, chunks }: OpenFile, value: Json): void {
    const last = chunks.at(-1);
    const at = last === undefined ? 0 : last.at + last.size;
    if (countOf(value['chunkOffset'], 'a chunk’s offset') !== at) throw invalidToc('chunks with a gap');
    const size = countOf(value['chunkSize'], 'a chunk’s size') || fileSize - at;
    const start = countOf(value['offset'], 'an offset');
    const inner = countOf(value['innerOffset'], 'an offset');
    if (size <= 0 || size > fileSize - at) throw invalidToc('chunks that are more than their file');
    if (start === 0) throw invalidToc('a file without content');
    const { maxSpanBytes } = this.#limits;
    if (inner > maxSpanBytes) throw beyondLimit('bytes before a chunk:', maxSpanBytes);
    const kind = textOf(value, 'chunkType');
    if (kind !== '' && kind !== 'zeros') {
      throw new StowageError('UNSUPPORTED', `table of contents: a chunk of type ${kind.slice(0, 40)}`);
    }
    chunks.push({
      ...{ at, size, start, inner, end: 0, zeros: kind === 'zeros' },
      digest: digestOf(value, 'chunkDigest'),
    });
  }

  #closeFile(): void {
    const file = this.#open;
    this.#open = undefined;
    if (file === undefined) return;
    const { address, size, end, digest, chunks: open } = file;
    const last = open.at(-1);
    if ((last === undefined ? 0 : last.at + last.size) !== size) throw invalidToc('chunks with a gap');
    if (last !== undefined && last.inner === 0) last.end = end;
    // Where all of the file is one chunk its digest is that of the chunk.
    const chunks = open.map((chunk) =>
      chunk.digest === undefined && open.length === 1 ? { ...chunk, digest } : chunk,
    );
    this.#hasDigests &&= chunks.every((chunk) => chunk.zeros || chunk.digest !== undefined);
    for (const chunk of chunks) this.#chunks.push(chunk);
    this.#files.push({ address, size, chunks });
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: Json, name: string): string {
  const text = value[name] ?? '';
  if (typeof text !== 'string') throw invalidToc(`${name} is no text`);
  return text;
}

function digestOf(value: Json, name: string): Digest | undefined {
  const digest = textOf(value, name);
  if (digest === '') return undefined;
  if (!isDigest(digest)) throw invalidToc(`${name} is ${JSON.stringify(digest.slice(0, 100))}`);
  return digest;
}

/** Extended attributes, their values in base 64, as Go writes bytes. */
function attributesOf(value: unknown): [string, string][] {
  if (value === undefined || value === null) return [];
  if (!isObject(value)) throw invalidToc('attributes that are none');
  return Object.entries(value).map(([key, encoded]) => {
    if (typeof encoded !== 'string' || /[-_]/.test(encoded)) throw invalidToc('an attribute that is none');
    const unpadded = encoded.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_');
    const bytes = decodeBase64Url(unpadded);
    if (bytes === undefined) throw invalidToc('an attribute that is not in base 64');
    return [key, decodeTarText(bytes)];
  });
}
