import type { UploadSession } from '@stowage/types';

/** How many bytes a request has, where nobody wants anything else. */
const CHUNK = 16 * 1024 * 1024;
/** The largest chunk that a registry can make us hold in memory. */
const LARGEST_CHUNK = 64 * 1024 * 1024;
/** No registry is believed that wants less, and no request that is refused as too large is made smaller. */
const SMALLEST_CHUNK = 256 * 1024;

/** What there is to go by. */
export interface ChunkPlanInit {
  /** What the caller wants. */
  readonly chunkSize: number | undefined;
  readonly size: number | undefined;
  /** Whether a body can be sent while it is read. */
  readonly streams: boolean;
  /** Whether the source can be read again. */
  readonly rereadable: boolean;
}

/** How the next bytes are sent: some of them, all the rest while they are read, or all the rest from a blob. */
export type ChunkPlan =
  { readonly kind: 'chunk'; readonly size: number } | { readonly kind: 'stream' } | { readonly kind: 'blob' };

/** Decides about the sizes of requests, by what the caller and the registry say and by what the registry refuses. */
export class ChunkPlanner {
  readonly #init: ChunkPlanInit;
  /** More than this was refused. */
  #limit = Infinity;
  #whole = false;

  constructor(init: ChunkPlanInit) {
    this.#init = init;
  }

  /** How the next bytes go. */
  plan({ minChunkSize = 0, maxChunkSize = Infinity }: UploadSession): ChunkPlan {
    const { chunkSize, size, streams, rereadable } = this.#init;
    const most = Math.min(this.#limit, Math.max(maxChunkSize, SMALLEST_CHUNK));
    const inChunks = most < (size ?? Infinity) && Number.isFinite(most);
    const wanted = Math.min(chunkSize ?? CHUNK, most);
    const tooLarge = minChunkSize > LARGEST_CHUNK;
    const chunk = tooLarge ? wanted : Math.max(wanted, minChunkSize);
    const fits = size !== undefined && size <= chunk;
    if (!rereadable || (fits && !streams)) return { kind: 'chunk', size: tooLarge ? LARGEST_CHUNK : chunk };
    const whole = this.#whole || (tooLarge && !fits);
    if (streams && (whole || (!inChunks && (chunkSize === undefined || fits)))) return { kind: 'stream' };
    return whole ? { kind: 'blob' } : { kind: 'chunk', size: chunk };
  }

  /** Whether no chunk but the last can be sent: the registry wants them larger than we make any. */
  refuses({ minChunkSize = 0 }: UploadSession): boolean {
    return minChunkSize > LARGEST_CHUNK;
  }

  /** The registry takes no chunks. Answers whether there is another way. */
  avoidChunks(): boolean {
    if (this.#whole || !this.#init.rereadable) return false;
    this.#whole = true;
    return true;
  }

  /** A request of so many bytes was too large. Answers whether smaller ones are worth a try. */
  shrink(length: number, { minChunkSize = 0 }: UploadSession): boolean {
    const smaller = Math.max(Math.floor(Math.min(length, 2 * CHUNK) / 2), SMALLEST_CHUNK);
    if (this.#whole || smaller >= length || smaller < Math.min(minChunkSize, LARGEST_CHUNK)) return false;
    this.#limit = Math.min(this.#limit, smaller);
    return true;
  }
}
