import { directory, hardlink, layer, symlink, waysOut, withParents } from '../hostile-image.ts';
import type { HostileImage, HostileRow } from '../hostile-image.ts';

const SECRET = { name: 'out/secret', text: 'written' } as const;

/** Links that lead out of the image, and what is written, read or changed through them. */
export function linkRows(outside: string): HostileRow[] {
  const secret = `${outside}/secret`;
  return [
    {
      row: 3,
      advisory: 'CVE-2014-6407, CVE-2014-9357',
      title: 'entries behind a link that leads out',
      images: waysOut(outside).flatMap(([linkname, inside]): HostileImage[] => {
        const link = symlink('out', linkname);
        const behind = [SECRET, directory('out/dir')];
        const shown = {
          paths: ['out', ...withParents(inside), ...[`${inside}/secret`, `${inside}/dir`].map(relative)],
          texts: { 'out/secret': 'written', [`${inside}/secret`]: 'written' },
        };
        return [
          { what: `of one layer, by ${linkname}`, layers: [layer(link, ...behind)], ...shown },
          { what: `of the next layer, by ${linkname}`, layers: [layer(link), layer(...behind)], ...shown },
          {
            what: `of the next layer, from a directory, by ${linkname}`,
            layers: [
              layer(symlink('deep/out', linkname)),
              layer({ name: 'deep/out/secret', text: 'written' }),
            ],
            paths: ['deep', 'deep/out', ...withParents(`${inside}/secret`)],
            texts: { 'deep/out/secret': 'written', [`${inside}/secret`]: 'written' },
          },
          {
            what: `of a later layer, by ${linkname}`,
            layers: [layer(link), layer(), layer(...behind)],
            ...shown,
          },
        ];
      }),
    },
    {
      row: 13,
      advisory: 'CVE-2021-32760',
      title: 'modes, times and owners through links',
      images: [
        {
          what: 'to a file outside, or to one inside',
          layers: [
            layer(
              { name: 'target', text: 'kept', mode: 0o600, mtime: 5 },
              { ...symlink('link', 'target'), mode: 0o777, mtime: 99, uid: 1234, gid: 1234 },
              { ...symlink('out', secret), mode: 0o777, mtime: 99, uid: 1234, gid: 1234 },
            ),
            layer({ ...hardlink('hard', 'out'), mode: 0o666, mtime: 98, uid: 1234 }),
          ],
          paths: ['target', 'link', 'out', 'hard'],
          texts: { target: 'kept', link: 'kept' },
          unreadable: { out: 'NOT_FOUND', hard: 'NOT_FOUND' },
          modes: { target: 0o600 },
        },
      ],
    },
    {
      row: 20,
      advisory: 'CVE-2024-9676',
      title: 'a link of the image that leads to a file of the host',
      images: [
        ...['/etc/hostname', '/proc/self/environ', '/dev/null', secret].flatMap(readsNothing),
        {
          what: 'and is replaced by a file',
          layers: [layer(symlink('copy', secret)), layer({ name: 'copy', text: 'mine' })],
          paths: ['copy'],
          texts: { copy: 'mine' },
        },
        LOOPS,
      ],
    },
    {
      row: 31,
      advisory: 'CVE-2026-50162, CVE-2026-50163',
      title: 'hard links to what is in the working directory, and links out of it',
      images: [
        dangling('package.json'),
        dangling('./package.json'),
        {
          what: 'a link to the working directory with an entry behind it',
          layers: [layer(symlink('out', '.'), { name: 'out/package.json', text: 'written' })],
          paths: ['out', 'package.json'],
          texts: { 'package.json': 'written', 'out/out/package.json': 'written' },
        },
      ],
    },
    {
      row: 37,
      advisory: 'CVE-2026-23745',
      title: 'targets of hard links that lead out',
      images: [
        ...waysOut(outside).map(([linkname]) => dangling(`${linkname}/secret`)),
        dangling('outside/secret'),
      ],
    },
    {
      row: 39,
      advisory: 'CVE-2026-24842, CVE-2026-26960',
      title: 'hard links by way of symbolic links',
      images: [
        {
          ...dangling('a/secret'),
          what: 'through a chain to a file outside',
          layers: [layer(symlink('b', outside), symlink('a', 'b'), hardlink('hard', 'a/secret'))],
          paths: ['a', 'b', 'hard'],
        },
        {
          what: 'to a link that leads out, which is then written through',
          layers: [
            layer(symlink('file', secret), hardlink('alias', 'file'), { name: 'alias', text: 'written' }),
          ],
          paths: ['file', 'alias'],
          texts: { alias: 'written' },
          unreadable: { file: 'NOT_FOUND' },
        },
      ],
    },
    {
      row: 40,
      advisory: 'CVE-2025-48387, CVE-2025-59343',
      title: 'chains of links that lead out in the end',
      images: [
        {
          what: 'with an entry of another layer behind them',
          layers: [
            layer(symlink('a', 'b'), symlink('b', 'c/d'), symlink('c', '.'), symlink('d', outside)),
            layer({ name: 'a/secret', text: 'written' }),
          ],
          paths: ['a', 'b', 'c', 'd', ...withParents(secret)],
          texts: { 'a/secret': 'written', [secret]: 'written' },
        },
        {
          what: 'with whiteouts behind them',
          layers: [
            layer(symlink('out', '../../..'), { name: 'etc/hostname', text: 'of the image' }),
            layer({ name: 'out/etc/.wh.hostname' }, { name: 'out/etc/added', text: 'inside' }),
          ],
          paths: ['etc', 'etc/added', 'out'],
          texts: { 'etc/added': 'inside' },
        },
        {
          what: 'with an opaque mark behind a link to nothing',
          layers: [
            layer(symlink('out', outside)),
            layer({ name: 'out/.wh.secret' }, { name: 'out/.wh..wh..opq' }),
          ],
          paths: ['out'],
        },
      ],
    },
  ];
}

function relative(path: string): string {
  return path.slice(1);
}

/** A hard link to what the image has not: there is nothing behind it, and nothing to make it of. */
function dangling(linkname: string): HostileImage {
  return {
    what: `to ${linkname}`,
    layers: [layer({ name: 'other' }), layer(hardlink('hard', linkname))],
    paths: ['other', 'hard'],
    unreadable: { hard: 'NOT_FOUND' },
    unextractable: 'INVALID_ARCHIVE',
  };
}

/** Links to a file of the host, of which the image has one of its own or not. */
function readsNothing(path: string): HostileImage[] {
  const [folder, name] = [path.slice(0, path.lastIndexOf('/')), path.slice(path.lastIndexOf('/') + 1)];
  return [path, '../'.repeat(9) + path.slice(1), `/${path}`].flatMap((linkname): HostileImage[] => [
    {
      what: `${linkname}, which the image has not`,
      layers: [layer(symlink('passwd', linkname), symlink('dir', folder))],
      paths: ['passwd', 'dir'],
      unreadable: { passwd: 'NOT_FOUND', [`dir/${name}`]: 'NOT_FOUND', [path]: 'NOT_FOUND' },
    },
    {
      what: `${linkname}, which the image has`,
      layers: [
        layer(
          { name: path.slice(1), text: 'of the image' },
          symlink('passwd', linkname),
          symlink('deep/passwd', linkname),
          hardlink('hard', linkname),
        ),
      ],
      paths: ['passwd', 'deep', 'deep/passwd', 'hard', ...withParents(path)],
      texts: Object.fromEntries(
        ['passwd', 'deep/passwd', 'hard', '/../../passwd'].map((name) => [name, 'of the image']),
      ),
    },
  ]);
}

const LOOPS: HostileImage = {
  what: 'loops, and more than forty links',
  layers: [
    layer(
      symlink('self', 'self'),
      symlink('a', 'b/c'),
      symlink('b', '/a/../a'),
      ...Array.from({ length: 50 }, (_, n) => symlink(`link${String(n)}`, `link${String(n + 1)}`)),
    ),
  ],
  paths: ['self', 'a', 'b', ...Array.from({ length: 50 }, (_, n) => `link${String(n)}`)],
  unreadable: {
    self: 'INVALID_ARGUMENT',
    'self/x': 'INVALID_ARGUMENT',
    a: 'INVALID_ARGUMENT',
    b: 'INVALID_ARGUMENT',
    link0: 'INVALID_ARGUMENT',
  },
};
