import {
  collect,
  createInflater,
  createTarWriter,
  digestBytes,
  scanTar,
  streamOf,
  zstd,
} from '@stowage/core';
import type { Checkpoint, TarEntryInit } from '@stowage/core';
import { MEDIA_TYPES } from '@stowage/types';
import type { Bytes, Descriptor, DiffID, LayerEntry } from '@stowage/types';
import { layerEntryOf } from '../content/layer-entry.ts';
import { gzip, join } from './layers.ts';

// Layers with tables of contents, written after the descriptions of their formats.

const encoder = new TextEncoder();
const BLOCK = 512;
const TYPES: Readonly<Record<string, string>> = { file: 'reg' };

/** A file, a directory, a link and so on, with what is in it. */
export interface TocFile extends TarEntryInit {
  readonly content?: Bytes;
}

/** An entry of a table, to be changed by a test. */
export type TocEntryJson = Record<string, unknown>;

/** How a layer is written. */
export interface TocLayerOptions {
  /** The most bytes of a file in one chunk. Default 1000 */
  readonly chunkSize?: number;
  /** May change the table before it is written. */
  readonly edit?: (toc: { version: unknown; entries: TocEntryJson[] }) => void;
  /** Written instead of the table. */
  readonly json?: Bytes;
  /** Whether the footer is that of stargz, or of zstd:chunked without tar-split. */
  readonly legacy?: boolean;
}

/** A layer with the descriptor that its manifest has. */
export interface WrittenLayer {
  readonly blob: Bytes;
  readonly descriptor: Descriptor;
  readonly diffId: DiffID;
  /** Where the table begins. */
  readonly tocOffset: number;
}

/** Some files of each kind; `big` has bytes that repeat no sooner than after 251. */
export function sampleFiles(size = 5000): TocFile[] {
  return [
    { name: 'etc/', type: 'dir', mode: 0o755 },
    { name: 'etc/motd', content: encoder.encode('hello') },
    { name: 'etc/empty', content: new Uint8Array(0) },
    { name: 'etc/link', type: 'symlink', linkname: 'motd' },
    { name: 'etc/hard', type: 'hardlink', linkname: 'etc/motd' },
    { name: 'dev/null', type: 'char', devmajor: 1, devminor: 3 },
    { name: 'big', content: Uint8Array.from({ length: size }, (_, at) => (at * at) % 251) },
    { name: 'tail', content: encoder.encode('the end') },
  ];
}

/** The bytes of a layer as its format compresses them, one part after the other. */
class LayerWriter {
  readonly parts: Bytes[] = [];
  length = 0;

  add(part: Bytes): void {
    this.parts.push(part);
    this.length += part.length;
  }
}

type Compress = (bytes: Bytes) => Promise<Bytes>;

async function writeFiles(
  files: readonly TocFile[],
  { chunkSize = 1000 }: TocLayerOptions,
  compress: Compress,
  ends: boolean,
): Promise<{ readonly writer: LayerWriter; readonly entries: TocEntryJson[] }> {
  const writer = new LayerWriter();
  const tar = createTarWriter();
  const entries: TocEntryJson[] = [];
  for (const { content = new Uint8Array(0), ...init } of files) {
    const whole = join(tar.entry(init, content));
    const headerSize = whole.length - Math.ceil(content.length / BLOCK) * BLOCK;
    writer.add(await compress(whole.subarray(0, headerSize)));
    const { name, type = 'file', mode = 0o644, linkname, devmajor, devminor } = init;
    const entry: TocEntryJson = {
      ...{ name, type: TYPES[type] ?? type, mode, modtime: '2026-01-02T03:04:05Z' },
      ...(linkname === undefined ? {} : { linkName: linkname }),
      ...(devmajor === undefined ? {} : { devMajor: devmajor, devMinor: devminor }),
    };
    entries.push(entry);
    if (content.length === 0) continue;
    Object.assign(entry, { size: content.length, digest: await digestBytes(content) });
    for (let at = 0; at < content.length; at += chunkSize) {
      const chunk = content.subarray(at, at + chunkSize);
      const place = { offset: writer.length, chunkOffset: at, chunkDigest: await digestBytes(chunk) };
      const chunkEntry = at === 0 ? entry : { name, type: 'chunk' };
      Object.assign(chunkEntry, place, at + chunkSize < content.length ? { chunkSize } : {});
      if (at > 0) entries.push(chunkEntry);
      writer.add(await compress(chunk));
    }
    if (ends) entry['endOffset'] = writer.length;
    writer.add(await compress(whole.subarray(headerSize + content.length)));
  }
  return { writer, entries };
}

function tableOf(entries: TocEntryJson[], { edit, json }: TocLayerOptions): Bytes {
  const toc: { version: unknown; entries: TocEntryJson[] } = { version: 1, entries };
  edit?.(toc);
  return json ?? encoder.encode(JSON.stringify(toc));
}

/** A layer in the form of eStargz. */
export async function writeEstargz(
  files: readonly TocFile[],
  options: TocLayerOptions = {},
): Promise<WrittenLayer> {
  const { writer, entries } = await writeFiles(files, options, gzip, false);
  const tocOffset = writer.length;
  const json = tableOf(entries, options);
  const tar = createTarWriter();
  writer.add(await gzip(join([...tar.entry({ name: 'stargz.index.json' }, json), tar.end()])));
  writer.add(stargzFooter(tocOffset, options.legacy));
  const annotations = { 'containerd.io/snapshot/stargz/toc.digest': await digestBytes(json) };
  return written(writer, tocOffset, MEDIA_TYPES.ociLayerGzip, annotations);
}

/** The empty gzip member at the end of such a layer. */
export function stargzFooter(tocOffset: number, legacy = false): Bytes {
  const place = encoder.encode(`${tocOffset.toString(16).padStart(16, '0')}STARGZ`);
  const extra = legacy ? place : join([Uint8Array.of(0x53, 0x47, place.length, 0), place]);
  return join([
    Uint8Array.of(0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, extra.length, 0),
    extra,
    Uint8Array.of(1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0),
  ]);
}

/** A layer in the form of zstd:chunked. */
export async function writeZstdChunked(
  files: readonly TocFile[],
  options: TocLayerOptions = {},
): Promise<WrittenLayer> {
  const compress: Compress = (bytes) =>
    collect(streamOf(bytes).pipeThrough(zstd()), { maxBytes: bytes.length + 1024 });
  const { writer, entries } = await writeFiles(files, options, compress, true);
  const json = tableOf(entries, options);
  const packed = await compress(json);
  const tocOffset = writer.length + 8;
  writer.add(skippable(packed));
  writer.add(skippable(chunkedFooter([tocOffset, packed.length, json.length, 1], options.legacy)));
  const prefix = 'io.github.containers.zstd-chunked.manifest-';
  return written(writer, tocOffset, MEDIA_TYPES.ociLayerZstd, {
    [`${prefix}position`]: `${String(tocOffset)}:${String(packed.length)}:${String(json.length)}:1`,
    [`${prefix}checksum`]: await digestBytes(packed),
  });
}

/** A skippable frame of zstd. */
export function skippable(content: Bytes): Bytes {
  const head = new DataView(new ArrayBuffer(8));
  head.setUint32(0, 0x184d2a50, true);
  head.setUint32(4, content.length, true);
  return join([new Uint8Array(head.buffer), content]);
}

/** What the last frame of such a layer has. */
export function chunkedFooter(numbers: readonly number[], legacy = false): Bytes {
  const footer = new Uint8Array(legacy ? 40 : 64);
  const view = new DataView(footer.buffer);
  numbers.forEach((value, index) => {
    view.setBigUint64(8 * index, BigInt(value), true);
  });
  footer.set(encoder.encode(legacy ? 'GnUlInUx' : 'GNUlInUx'), footer.length - 8);
  return footer;
}

async function written(
  { parts }: LayerWriter,
  tocOffset: number,
  mediaType: string,
  annotations: Readonly<Record<string, string>>,
): Promise<WrittenLayer> {
  const blob = join(parts);
  const digest = await digestBytes(blob);
  return {
    ...{ blob, tocOffset, diffId: digest as DiffID },
    descriptor: { mediaType, digest, size: blob.length, annotations },
  };
}

/** A gzip layer with what SOCI's table is made of. */
export interface GzipLayer extends WrittenLayer {
  readonly entries: readonly LayerEntry[];
  readonly checkpoints: readonly Checkpoint[];
  readonly diffSize: number;
}

/** A layer compressed with gzip, with a checkpoint after each 32 KiB, and no table. */
export async function writeGzip(files: readonly TocFile[]): Promise<GzipLayer> {
  const tar = createTarWriter();
  const parts = files.flatMap(({ content = new Uint8Array(0), ...init }) => tar.entry(init, content));
  const blob = await gzip(join([...parts, tar.end()]));
  const entries: LayerEntry[] = [];
  const scanner = scanTar({ onEntry: (header) => entries.push(layerEntryOf(header)) });
  const onOutput = (bytes: Bytes): void => {
    scanner.write(bytes);
  };
  const inflater = await createInflater({ checkpointEvery: 1, onOutput });
  inflater.write(blob);
  inflater.end();
  const digest = await digestBytes(blob);
  const descriptor = { mediaType: MEDIA_TYPES.ociLayerGzip, digest, size: blob.length };
  const { checkpoints, bytesOut: diffSize } = inflater;
  return { blob, descriptor, diffId: digest as DiffID, tocOffset: 0, entries, checkpoints, diffSize };
}
