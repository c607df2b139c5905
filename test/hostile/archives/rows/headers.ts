import {
  block,
  END,
  extension,
  gnuSparse,
  pax,
  paxHeader,
} from '../../../../packages/core/src/test-support/raw-tar.ts';
import { join } from '../../../../packages/layer-store/src/test-support/layers.ts';
import { layer } from '../hostile-image.ts';
import type { HostileImage, HostileRow } from '../hostile-image.ts';

const MIB = 1 << 20;
const HUGE = '77777777777\0';

/** Headers that ask for more than anybody should give. */
export function headerRows(): HostileRow[] {
  return [
    {
      row: 5,
      advisory: 'CVE-2017-14992',
      title: 'a small layer that promises, or is, a large one',
      images: [
        {
          what: 'by the size in its only header',
          layers: [block({ size: HUGE })],
          refused: 'INVALID_ARCHIVE',
        },
        {
          what: 'by padding behind the archive',
          layers: [join([layer({ name: 'a' }), new Uint8Array(4 * MIB)])],
          limits: { maxLayerBytes: MIB },
          refused: 'LIMIT_EXCEEDED',
        },
      ],
    },
    {
      row: 41,
      advisory: 'GO-2022-1037, GO-2025-4014, GO-2026-4869',
      title: 'headers that ask for too much',
      images: [...tooMuch(), WITHIN],
    },
  ];
}

function tooMuch(): HostileImage[] {
  const file = layer({ name: 'file' });
  const long = 'v'.repeat(MIB);
  const attributes = Array.from({ length: 100 }, (_, n) => [
    `SCHILY.xattr.user.${String(n)}`,
    'v'.repeat(99),
  ]);
  const shared = extension('g', pax(...(attributes as [string, string][])));
  return [
    refused('LIMIT_EXCEEDED', 'a pax header over 1 MiB', paxHeader(['comment', long]), file),
    refused(
      'LIMIT_EXCEEDED',
      'a pax header of the archive over 1 MiB',
      extension('g', pax(['a', long])),
      file,
    ),
    refused(
      'LIMIT_EXCEEDED',
      'a pax header that only says that it is large',
      block({ size: HUGE, flag: 'x' }),
    ),
    refused('LIMIT_EXCEEDED', 'a GNU long name over 1 MiB', extension('L', `${long}v`), file),
    refused(
      'LIMIT_EXCEEDED',
      'a path longer than any system takes',
      extension('L', `${'n/'.repeat(2048)}n`),
      file,
    ),
    refused('INVALID_ARCHIVE', 'a negative size in base 256', block({ size: new Uint8Array(12).fill(0xff) })),
    refused(
      'INVALID_ARCHIVE',
      'a size in base 256 beyond counting',
      block({ size: new Uint8Array(12).fill(0x7f).fill(0xbf, 0, 1) }),
    ),
    refused('INVALID_ARCHIVE', 'a negative size in a pax record', paxHeader(['size', '-512']), file),
    refused(
      'INVALID_ARCHIVE',
      'a size in a pax record beyond counting',
      paxHeader(['size', '9'.repeat(20)]),
      file,
    ),
    refused('INVALID_ARCHIVE', 'a size that is no number', paxHeader(['size', '0x10']), file),
    refused('INVALID_ARCHIVE', 'digits that are not octal', block({ size: '00000000008\0' })),
    refused('INVALID_ARCHIVE', 'a pax record that leaves its header', extension('x', '999 path=a\n'), file),
    refused('INVALID_ARCHIVE', 'a GNU sparse map in another format', block({ flag: 'S' }), file),
    refused(
      'INVALID_ARCHIVE',
      'a GNU sparse map with segments beyond the end of the file',
      block({ flag: 'S', magic: 'ustar  \0', size: 512, more: gnuSparse(100, [[0, 512]]) }),
      file,
    ),
    refused(
      'INVALID_ARCHIVE',
      'a pax sparse map of no file size',
      paxHeader(['GNU.sparse.map', '0,1,2,3']),
      file,
    ),
    {
      ...refused(
        'LIMIT_EXCEEDED',
        'more entries than may be',
        ...new Array<Uint8Array>(101).fill(block()),
        END,
      ),
      limits: { tar: { maxEntries: 100 } },
    },
    {
      ...refused(
        'LIMIT_EXCEEDED',
        'attributes of the archive, which every entry gets',
        shared,
        ...new Array<Uint8Array>(120).fill(block()),
      ),
      limits: { tar: { maxTotalText: MIB } },
    },
  ];
}

function refused(
  code: 'INVALID_ARCHIVE' | 'LIMIT_EXCEEDED',
  what: string,
  ...parts: Uint8Array[]
): HostileImage {
  return { what, layers: [join(parts)], refused: code };
}

/** A header of 1 MiB, no byte more. */
const WITHIN: HostileImage = {
  what: 'no, just what is allowed',
  layers: [
    join([
      paxHeader(['comment', 'v'.repeat(MIB - (pax(['comment', 'v'.repeat(MIB)]).length - MIB))]),
      layer({ name: 'file', text: 'text' }),
    ]),
  ],
  paths: ['file'],
  texts: { file: 'text' },
};
