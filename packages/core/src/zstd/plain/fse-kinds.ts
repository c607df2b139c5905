// What the symbols of FSE tables stand for (RFC 8878, sections 3.1.1.3.2.1.1, 3.1.1.3.2.2 and 4.2.1).

/** One kind of table. */
export interface FseKind {
  /** The most bits that a table may have. */
  readonly mostBits: number;
  /** What each symbol stands for, and how many extra bits are to be added to it. */
  readonly bases: Uint32Array;
  readonly extra: Uint8Array;
  /** The distribution that need not be written, and the bits of its table. */
  readonly defaults: readonly number[];
  readonly defaultBits: number;
}

const LITERAL_EXTRA = [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const MATCH_EXTRA = [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/** Lengths: the first symbols stand for one each, those that follow for as many as their extra bits can tell. */
function lengths(first: number, alone: number, extra: readonly number[]): Pick<FseKind, 'bases' | 'extra'> {
  const all = [...new Array<number>(alone).fill(0), ...extra];
  let base = first;
  const bases = Uint32Array.from(all, (bits) => {
    const begin = base;
    base += 2 ** bits;
    return begin;
  });
  return { bases, extra: Uint8Array.from(all) };
}

const ones = (count: number): readonly number[] => new Array<number>(count).fill(1);
const rare = (count: number): readonly number[] => new Array<number>(count).fill(-1);
const twos = (count: number): readonly number[] => new Array<number>(count).fill(2);

export const LITERAL_LENGTHS: FseKind = {
  mostBits: 9,
  ...lengths(0, 16, LITERAL_EXTRA),
  defaults: [4, 3, ...twos(11), ...ones(3), ...twos(9), 3, 2, ...ones(5), ...rare(4)],
  defaultBits: 6,
};

export const MATCH_LENGTHS: FseKind = {
  mostBits: 9,
  ...lengths(3, 32, MATCH_EXTRA),
  defaults: [1, 4, 3, ...twos(6), ...ones(37), ...rare(7)],
  defaultBits: 6,
};

export const OFFSETS: FseKind = {
  mostBits: 8,
  bases: Uint32Array.from({ length: 32 }, (_, bits) => 2 ** bits),
  extra: Uint8Array.from({ length: 32 }, (_, bits) => bits),
  defaults: [...ones(6), ...twos(3), ...ones(15), ...rare(5)],
  defaultBits: 5,
};

/** Weights of a Huffman code. Their distribution is always written. */
export const WEIGHTS: FseKind = {
  mostBits: 6,
  bases: Uint32Array.from({ length: 256 }, (_, weight) => weight),
  extra: new Uint8Array(256),
  defaults: [],
  defaultBits: 0,
};
