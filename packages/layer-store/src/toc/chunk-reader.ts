import { createDigester } from '@stowage/core';
import { parseDigest } from '@stowage/types';
import type { AbortOptions, Bytes, Digester } from '@stowage/types';
import { BlobRange } from './blob-range.ts';
import type { Blob } from './blob-range.ts';
import type { Chunk, ChunkedFile } from './chunk-map.ts';
import { memberContent } from './member-content.ts';
import type { MemberFormat } from './member-content.ts';
import { invalidToc, wrongDigest } from './toc-error.ts';

/** What lies between two members is read along where it is no more than this: another request takes longer. */
const WORTH_READING = 64 * 1024;
const ZEROS = 64 * 1024;

/** A member of a blob with the chunks that are wanted of it, or a run of zeros that is in none. */
interface Member {
  readonly start: number;
  end: number;
  readonly chunks: Chunk[];
}

/** What is read in one request. */
interface Run {
  readonly members: Member[];
}

/** A layer whose files are in chunks. */
export interface ChunkSource extends Blob {
  readonly format: MemberFormat;
}

/** Bytes `from` to `to` of a file. Every chunk they are of is read to its end and verified before the last of them. */
export async function* readChunks(
  source: ChunkSource,
  file: ChunkedFile,
  from: number,
  to: number,
  options: AbortOptions,
): AsyncGenerator<Bytes, void, undefined> {
  const wanted = file.chunks.filter(({ at, size }) => at < to && at + size > from);
  for (const { members } of runsOf(wanted)) {
    const stored = members.filter(({ chunks }) => chunks.some(({ zeros }) => !zeros));
    const [first, last] = [stored[0], stored.at(-1)];
    const range =
      first === undefined || last === undefined
        ? undefined
        : await BlobRange.open(source, first.start, last.end, options);
    try {
      for (const member of members) {
        options.signal?.throwIfAborted();
        if (range === undefined || member.chunks[0]?.zeros === true) yield* zerosOf(member, from, to);
        else yield* readMember(range, member, source.format, from, to);
      }
    } finally {
      await range?.cancel();
    }
  }
}

/** Chunks in the order of the file, by what has them, and by what is near in the blob. */
function runsOf(chunks: readonly Chunk[]): Run[] {
  const runs: Run[] = [];
  let member: Member | undefined;
  for (const chunk of chunks) {
    const { start, end, inner, zeros } = chunk;
    const before = member?.chunks.at(-1);
    if (member?.start === start && before?.zeros === zeros && before.inner < inner) {
      member.chunks.push(chunk);
      continue;
    }
    const isNear = member !== undefined && start >= member.end && start - member.end <= WORTH_READING;
    member = { start, end, chunks: [chunk] };
    if (isNear) runs.at(-1)?.members.push(member);
    else runs.push({ members: [member] });
  }
  return runs;
}

async function* readMember(
  range: BlobRange,
  { start, end, chunks }: Member,
  format: MemberFormat,
  from: number,
  to: number,
): AsyncGenerator<Bytes, void, undefined> {
  let at = 0;
  let index = 0;
  let digester: Digester | undefined;
  // Kept back until the chunk has been verified, so that nobody has all of it before.
  let held: Bytes | undefined;
  for await (const piece of memberContent(range.take(start, end), format)) {
    const until = at + piece.length;
    for (let chunk = chunks[index]; chunk !== undefined && chunk.inner < until; chunk = chunks[index]) {
      const begin = Math.max(chunk.inner, at);
      const stop = Math.min(chunk.inner + chunk.size, until);
      const bytes = piece.subarray(begin - at, stop - at);
      if (chunk.digest !== undefined) {
        digester ??= await createDigester(parseDigest(chunk.digest).algorithm);
        digester.update(bytes);
      }
      const wanted = clip(bytes, chunk.at + begin - chunk.inner, from, to);
      if (wanted.length > 0) {
        if (held !== undefined) yield held;
        held = wanted;
      }
      if (stop < chunk.inner + chunk.size) break;
      verify(chunk, digester);
      digester = undefined;
      index += 1;
      if (held !== undefined) yield held;
      held = undefined;
    }
    at = until;
    if (index === chunks.length) return;
  }
  throw invalidToc('a chunk is longer than what the layer has');
}

function verify({ digest }: Chunk, digester: Digester | undefined): void {
  if (digest === undefined || digester === undefined) return;
  const actual = digester.digest();
  if (actual !== digest) throw wrongDigest('a chunk of a file', digest, actual);
}

function* zerosOf({ chunks }: Member, from: number, to: number): Generator<Bytes, void, undefined> {
  for (const { at, size } of chunks) {
    let left = Math.min(at + size, to) - Math.max(at, from);
    for (; left > 0; left -= ZEROS) yield new Uint8Array(Math.min(left, ZEROS));
  }
}

/** What of bytes that begin at `at` lies between `from` and `to`. */
export function clip(bytes: Bytes, at: number, from: number, to: number): Bytes {
  return bytes.subarray(Math.max(0, from - at), Math.max(0, to - at));
}
