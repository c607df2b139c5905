import type { Framing } from './framing.ts';
import { GzipFraming } from './inflate-framing-gzip.ts';

/** No framing at all. */
const RAW_FRAMING: Framing = {
  format: 'deflate',
  repeats: false,
  seed: 0,
  trailerLength: 0,
  start: () => undefined,
  header: (_bytes, at) => at,
  open: true,
  check: () => 0,
  trailer: () => undefined,
};

/** The framing of a format. */
export async function framingOf(format: 'gzip' | 'zlib' | 'raw'): Promise<Framing> {
  switch (format) {
    case 'gzip':
      return new GzipFraming();
    case 'zlib':
      return new (await import('./inflate-framing-zlib.ts')).ZlibFraming();
    case 'raw':
      return RAW_FRAMING;
  }
}
