import { block, padded, paxHeader } from '../../../../packages/core/src/test-support/raw-tar.ts';
import { join } from '../../../../packages/layer-store/src/test-support/layers.ts';
import { directory, hardlink, layer, symlink, withParents } from '../hostile-image.ts';
import type { HostileImage, HostileRow } from '../hostile-image.ts';

const ROOTS = ['.', '/', './', '//', './.', 'a/..', '..', '../..'];
const ALIKE = ['é', 'e\u0301', 'ß', 'ẞ', 'ss', 'SS', 'A', 'a', 'ﬀ', 'ff', 'caf\udce9', 'caf\udce8'];
const ODD = ['a//b', './c/./d', 'f\\g', ' h', 'i ', '-rf', '~', '$(x)', 'j\nk'];
const WINDOWS = ['..\\..\\outside\\secret', 'C:\\x', 'C:y', 'CON', 'a:b', 'dots.', '\\\\host\\share'];

/** Names that readers take for something else, and what is called like something that is there. */
export function nameRows(outside: string): HostileRow[] {
  return [
    {
      row: 12,
      advisory: 'CVE-2021-29136',
      title: 'an entry that takes the place of the root',
      images: [
        ...ROOTS.flatMap(takesRoot),
        {
          what: 'no, names that only climb',
          layers: [layer({ name: '../..//outside/secret', text: 'in the image' }, { name: '/../x/../y' })],
          paths: ['outside', 'outside/secret', 'y'],
          texts: { 'outside/secret': 'in the image' },
        },
      ],
    },
    {
      row: 22,
      advisory: 'CVE-2025-47290',
      title: 'a directory that becomes a link while the image is put together',
      images: [
        {
          what: 'in another layer, before something is put into it',
          layers: [
            layer(directory('d'), { name: 'd/old', text: 'old' }),
            layer(symlink('d', outside)),
            layer({ name: 'd/secret', text: 'written' }),
          ],
          paths: ['d', ...withParents(`${outside}/secret`)],
          texts: { 'd/secret': 'written' },
          unreadable: { 'd/old': 'NOT_FOUND' },
        },
      ],
    },
    {
      row: 36,
      advisory: 'CVE-2021-37701, CVE-2021-37712',
      title: 'what is remembered of a directory that is a link by now',
      images: [
        {
          what: 'in the same layer, and in the next',
          layers: [
            layer(directory('d'), { name: 'd/a', text: '1' }, symlink('d', outside), {
              name: 'd/secret',
              text: '2',
            }),
            layer({ name: 'd/secret', text: '3' }),
          ],
          paths: ['d', ...withParents(`${outside}/secret`)],
          texts: { [`${outside}/secret`]: '3' },
        },
        {
          what: 'by a name with a backslash, or a short one',
          layers: [
            layer(directory('d'), { name: 'd\\a', text: 'name' }, symlink('PROGRA~1', outside), {
              name: 'Program Files/x',
              text: 'x',
            }),
          ],
          paths: ['d', 'd\\a', 'PROGRA~1', 'Program Files', 'Program Files/x'],
          texts: { 'd\\a': 'name', 'Program Files/x': 'x' },
          unreadable: { 'd/a': 'NOT_FOUND', 'PROGRA~1/x': 'NOT_FOUND' },
        },
      ],
    },
    {
      row: 38,
      advisory: 'CVE-2026-23950',
      title: 'names that some take for one',
      images: [
        {
          what: 'of files',
          layers: [layer(...ALIKE.map((name, n) => ({ name, text: String(n) })))],
          alike: true,
          paths: ALIKE,
          texts: Object.fromEntries(ALIKE.map((name, n) => [name, String(n)])),
        },
        {
          what: 'of a link that leads out and a directory',
          layers: [
            layer(symlink('ß', outside), symlink('é', outside), symlink('D', outside)),
            layer(...['ss/secret', 'e\u0301/secret', 'd/secret'].map((name) => ({ name, text: name }))),
          ],
          alike: true,
          paths: ['ß', 'é', 'D', ...['ss', 'e\u0301', 'd'].flatMap((name) => [name, `${name}/secret`])],
          texts: { 'ss/secret': 'ss/secret', 'e\u0301/secret': 'e\u0301/secret', 'd/secret': 'd/secret' },
          unreadable: { 'ß/secret': 'NOT_FOUND', 'D/secret': 'NOT_FOUND' },
        },
      ],
    },
    {
      row: 42,
      advisory: 'astral-tokio-tar',
      title: 'archives on which readers differ',
      images: [
        {
          what: 'by names that are odd',
          layers: [layer(...ODD.map((name) => ({ name, text: name })), directory('e'))],
          paths: ['a', 'a/b', 'c', 'c/d', 'e', ...ODD.slice(2)],
          texts: Object.fromEntries(ODD.map((name) => [name, name])),
        },
        {
          what: 'by a size in a pax header, with an archive in what is skipped otherwise',
          layers: [
            join([
              paxHeader(['size', '1024']),
              block({ name: 'outer', size: 0 }),
              layer({ name: 'smuggled' }).subarray(0, 1024),
              layer({ name: 'last', text: 'last' }),
            ]),
          ],
          paths: ['outer', 'last'],
          texts: { last: 'last' },
          unreadable: { smuggled: 'NOT_FOUND' },
        },
        {
          what: 'by a path in a pax header and another one in the block',
          layers: [
            join([
              paxHeader(['path', 'good']),
              block({ name: 'bad', size: 5 }),
              padded('these'),
              layer(hardlink('hard', '/good')),
            ]),
          ],
          paths: ['good', 'hard'],
          texts: { good: 'these', hard: 'these' },
        },
      ],
    },
    {
      row: 46,
      advisory: 'ggcr#2329',
      title: 'names of Windows',
      images: [
        {
          what: 'are plain names elsewhere',
          layers: [layer(...WINDOWS.map((name) => ({ name, text: name })))],
          paths: WINDOWS,
          texts: Object.fromEntries(WINDOWS.map((name) => [name, name])),
        },
      ],
    },
  ];
}

function takesRoot(name: string): HostileImage[] {
  const links = ['symlink', 'hardlink'] as const;
  const others = ['fifo', 'char', 'block'] as const;
  const layers: [string, Uint8Array][] = [
    ...links.map((type): [string, Uint8Array] => [type, layer({ name, type, linkname: '/tmp' })]),
    ...others.map((type): [string, Uint8Array] => [type, layer({ name, type })]),
    ['file', block({ name })],
  ];
  return [
    ...layers.map(([type, tar]): HostileImage => ({
      what: `a ${type} called ${name}`,
      layers: [layer({ name: 'base' }), tar],
      refused: 'INVALID_ARCHIVE',
    })),
    {
      what: `a directory called ${name}, which is fine`,
      layers: [layer({ name, type: 'dir', mode: 0o711 }, { name: 'etc/motd', text: 'hello' })],
      paths: ['etc', 'etc/motd'],
      texts: { 'etc/motd': 'hello' },
      modes: { '': 0o711 },
    },
  ];
}
