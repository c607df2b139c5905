import { StowageError } from '@stowage/types';
import { checkPadding, invalidStream } from '../inflate/decoder.ts';
import type { Checkpoint } from '../inflate/checkpoint.ts';
import type { Decoder, Emit } from '../inflate/decoder.ts';
import { BLOCK_SIZE, ERROR_MEMORY, ERRORS } from './zstd-engine.ts';
import type { ZstdEngine } from './zstd-engine.ts';
import { headerLength, readFrameHeader } from './zstd-header.ts';
import type { ZstdFrameHeader } from './zstd-header.ts';

/** What the bytes that come next are (RFC 8878, section 3.1). */
type Part =
  'magic' | 'skip-size' | 'skipped' | 'descriptor' | 'header' | 'block-header' | 'block' | 'checksum';

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;

/** The window that is accepted where nothing is said: what the zstd command accepts. */
const MAX_WINDOW: number = 128 * 1024 * 1024;
/** More than this is never accepted: the memory of the engine has addresses of 32 bits. */
const LARGEST_WINDOW: number = 1024 * 1024 * 1024;

const BLOCK_RAW = 0;
const BLOCK_REPEAT = 1;
const BLOCK_RESERVED = 3;

/** What a {@link ZstdDecoder} is told. */
export interface ZstdDecoderInit {
  readonly maxWindow?: number | undefined;
  /** After how many bytes of output, at least, a frame that begins is a checkpoint. Default: none. */
  readonly checkpointEvery?: number | undefined;
  /** Whether output may be kept after the call of `emit`. */
  readonly keepsOutput?: boolean | undefined;
}

/** A decoder that owns an engine. */
export function openZstdDecoder(engine: ZstdEngine, emit: Emit, init: ZstdDecoderInit): ZstdDecoder {
  const give: Emit = (bytes) => {
    // What the engine gives out is overwritten by what follows.
    emit(init.keepsOutput === true ? bytes.slice() : bytes);
  };
  return new ZstdDecoder(engine, give, init);
}

/** zstd (RFC 8878), any number of frames, by an engine that decodes the blocks. It waits for nothing. */
export class ZstdDecoder implements Decoder {
  readonly #engine: ZstdEngine;
  readonly #emit: Emit;
  readonly #maxWindow: number;
  /** The bytes of the part at hand, unless it is a block or skipped. */
  readonly #head = new Uint8Array(16);
  #part: Part = 'magic';
  #length = 4;
  #filled = 0;
  #descriptor = 0;
  #frame: ZstdFrameHeader | undefined;
  #blockType = 0;
  #blockSize = 0;
  #lastBlock = false;
  #contentLength = 0;
  #frames = 0;
  #padding = false;
  #freed: { readonly reason: unknown } | undefined;
  /** The beginnings of frames, from which one can read without what came before. */
  readonly checkpoints: Checkpoint[] = [];
  readonly #checkpointEvery: number;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(
    engine: ZstdEngine,
    emit: Emit,
    { maxWindow = MAX_WINDOW, checkpointEvery = Infinity }: ZstdDecoderInit = {},
  ) {
    this.#engine = engine;
    this.#emit = emit;
    this.#checkpointEvery = checkpointEvery;
    this.#maxWindow = maxWindow <= LARGEST_WINDOW ? maxWindow : Math.min(maxWindow, LARGEST_WINDOW);
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#freed !== undefined) throw this.#freed.reason;
      if (this.#isPadding(bytes[at])) {
        checkPadding('zstd', bytes.subarray(at));
        return;
      }
      const end = Math.min(bytes.length, at + this.#length - this.#filled);
      if (this.#part === 'block') this.#engine.put(bytes.subarray(at, end), this.#filled);
      else if (this.#part !== 'skipped') this.#head.set(bytes.subarray(at, end), this.#filled);
      this.#filled += end - at;
      this.#bytesIn += end - at;
      at = end;
      // A part without bytes is complete as it begins.
      while (this.#filled === this.#length) this.#next();
    }
  }

  end(): void {
    const between = this.#part === 'magic' && this.#filled === 0 && this.#frames > 0;
    if (!between && !this.#padding) throw invalidStream('zstd', 'unexpected end of file');
  }

  free(reason: unknown): void {
    if (this.#freed !== undefined) return;
    this.#freed = { reason };
    this.#engine.free();
  }

  #isPadding(byte: number | undefined): boolean {
    if (byte === 0 && this.#part === 'magic' && this.#filled === 0 && this.#frames > 0) this.#padding = true;
    return this.#padding;
  }

  #expect(part: Part, length: number): void {
    this.#part = part;
    this.#length = length;
    this.#filled = 0;
  }

  #number(): number {
    const [first = 0, second = 0, third = 0, fourth = 0] = this.#head;
    const low = first | (second << 8) | (third << 16);
    return this.#length === 4 ? low + fourth * 2 ** 24 : low;
  }

  /** A part is complete: decides what follows it. */
  #next(): void {
    switch (this.#part) {
      case 'magic': {
        const magic = this.#number();
        if (magic === MAGIC) this.#beginFrame();
        else if (magic - (magic % 16) === SKIPPABLE_MAGIC) this.#expect('skip-size', 4);
        else throw invalidStream('zstd', 'garbage after its end');
        return;
      }
      case 'skip-size':
        this.#expect('skipped', this.#number());
        return;
      case 'descriptor':
        this.#descriptor = this.#head[0] as number;
        this.#expect('header', headerLength(this.#descriptor));
        return;
      case 'header':
        this.#frame = readFrameHeader(
          this.#descriptor,
          this.#head.subarray(0, this.#length),
          this.#maxWindow,
        );
        this.#engine.begin(this.#frame.windowSize);
        this.#contentLength = 0;
        this.#expect('block-header', 3);
        return;
      case 'block-header':
        this.#beginBlock(this.#number());
        return;
      case 'block':
        this.#decodeBlock();
        this.#endBlock();
        return;
      case 'checksum':
        if (this.#number() !== this.#engine.checksum()) throw invalidStream('zstd', 'incorrect data check');
        this.#endFrame();
        return;
      case 'skipped':
        this.#endFrame();
    }
  }

  #beginFrame(): void {
    if (this.#bytesOut - (this.checkpoints.at(-1)?.out ?? 0) >= this.#checkpointEvery) {
      this.checkpoints.push({
        in: this.#bytesIn - 4,
        bits: 0,
        out: this.#bytesOut,
        window: new Uint8Array(0),
      });
    }
    this.#expect('descriptor', 1);
  }

  /** The most that a block of the frame has. */
  get #most(): number {
    return Math.min(this.#frame?.windowSize ?? 0, BLOCK_SIZE);
  }

  #beginBlock(header: number): void {
    this.#lastBlock = (header & 1) === 1;
    this.#blockType = (header >> 1) & 3;
    this.#blockSize = header >> 3;
    if (this.#blockType === BLOCK_RESERVED) throw invalidStream('zstd', 'invalid block type');
    if (this.#blockSize > this.#most) throw invalidStream('zstd', 'a block is too long');
    this.#expect('block', this.#blockType === BLOCK_REPEAT ? 1 : this.#blockSize);
  }

  #decodeBlock(): void {
    const engine = this.#engine;
    const size = this.#blockSize;
    const status =
      this.#blockType === BLOCK_RAW
        ? engine.raw(size)
        : this.#blockType === BLOCK_REPEAT
          ? engine.repeat(size)
          : engine.compressed(size, this.#most);
    if (status === ERROR_MEMORY) {
      throw new StowageError('LIMIT_EXCEEDED', 'there is no memory for the window of a zstd frame');
    }
    if (status !== 0) throw invalidStream('zstd', ERRORS[status] ?? 'invalid block');
    const output = engine.take();
    this.#contentLength += output.length;
    this.#bytesOut += output.length;
    if (this.#contentLength > (this.#frame?.contentSize ?? Infinity)) throw wrongLength();
    if (this.#frame?.hasChecksum === true) engine.hash();
    if (output.length > 0) this.#emit(output);
    // Whoever took the output may have freed the engine.
    if (this.#freed !== undefined) throw this.#freed.reason;
  }

  #endBlock(): void {
    if (!this.#lastBlock) {
      this.#expect('block-header', 3);
      return;
    }
    const { contentSize, hasChecksum } = this.#frame as ZstdFrameHeader;
    if (contentSize !== undefined && this.#contentLength !== contentSize) throw wrongLength();
    if (hasChecksum) this.#expect('checksum', 4);
    else this.#endFrame();
  }

  #endFrame(): void {
    this.#frames += 1;
    this.#expect('magic', 4);
  }
}

function wrongLength(): StowageError {
  return invalidStream('zstd', 'incorrect length check');
}
