/** How a stream is compressed, told from its first bytes. */
export type CompressionFormat = 'gzip' | 'zstd' | 'bzip2' | 'xz' | 'plain';

interface Magic {
  readonly format: CompressionFormat;
  readonly bytes: readonly number[];
  /** The bits of the first byte that count. Default all. */
  readonly mask?: number;
}

const MAGICS: readonly Magic[] = [
  { format: 'gzip', bytes: [0x1f, 0x8b, 0x08] },
  { format: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  // A zstd stream may open with a skippable frame (RFC 8878, section 3.1.2).
  { format: 'zstd', bytes: [0x50, 0x2a, 0x4d, 0x18], mask: 0xf0 },
  { format: 'bzip2', bytes: [0x42, 0x5a, 0x68] },
  { format: 'xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
];

/**
 * The format that the first bytes of a stream show, or `undefined` while more of them are needed: never once six are
 * there.
 */
export function detectFormat(head: Uint8Array): CompressionFormat | undefined {
  const candidates = MAGICS.filter(({ bytes, mask = 0xff }) =>
    bytes.every((byte, index) => {
      const actual = head[index];
      return actual === undefined || (index === 0 ? actual & mask : actual) === byte;
    }),
  );
  const [candidate] = candidates;
  if (candidate === undefined) return 'plain';
  return head.length >= candidate.bytes.length ? candidate.format : undefined;
}
