import { createHash, randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from './run-command.ts';

/** Platforms of the index that {@link buildSampleImages} makes. */
export const SAMPLE_PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm/v7'] as const;

/** Names of 120 and 300 characters: the second fits only a pax header. */
const LONG_NAME = `usr/share/${'long-'.repeat(22)}`;
const PAX_NAME = `${'deep/'.repeat(30)}${'x'.repeat(150)}`;
const EPOCH = new Date('2024-05-06T07:08:09Z');

/** What a layer is made of; a content that is a string or bytes is a file. */
type Tree = Record<
  string,
  string | Uint8Array | { symlink: string } | { hardlink: string } | { dir: number }
>;

/** The layers of the sample image, base first. */
function sampleLayers(noise: Uint8Array): Tree[] {
  return [
    {
      bin: { dir: 0o755 },
      'bin/tool': noise,
      'bin/alias': { hardlink: 'bin/tool' },
      'bin/sh': { symlink: 'tool' },
      'etc/os-release': 'NAME="Sample"\n',
      'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
      'etc/conf.d/old': 'removed with its directory\n',
      'var/cache/a': 'hidden by an opaque directory\n',
      'var/cache/b': 'hidden by an opaque directory\n',
      'srv/replaced': 'first\n',
      'srv/was-file': 'a file\n',
      'srv/was-dir/inside': 'goes with its directory\n',
      tmp: { dir: 0o1777 },
      [LONG_NAME]: 'long\n',
      [PAX_NAME]: 'pax\n',
      'ünïcödé/naïve': 'not ASCII\n',
    },
    {
      'etc/.wh.passwd': '',
      'etc/.wh.conf.d': '',
      'var/cache/.wh..wh..opq': '',
      'var/cache/c': 'after the opaque marker\n',
      'srv/replaced': 'second\n',
      'srv/was-file/now-dir': 'a directory now\n',
    },
    {
      'srv/.wh.was-dir': '',
      'srv/added': 'third\n',
      'srv/link-a': 'linked\n',
      'srv/link-b': { hardlink: 'srv/link-a' },
      'root/absolute': { symlink: '/etc/os-release' },
      'root/up': { symlink: '../etc' },
      'root/empty': '',
    },
  ];
}

/**
 * Builds images with umoci and GNU tar in an OCI layout below `directory`: `sample` (three layers with whiteouts, an
 * opaque directory, hard links and long names) and `multi` (an index of three platforms).
 *
 * @returns the path of the layout
 */
export async function buildSampleImages(directory: string): Promise<string> {
  const layout = join(directory, 'layout');
  await runCommand('umoci', ['init', '--layout', layout]);
  await buildImage(layout, 'sample', 'amd64', sampleLayers(randomBytes(1_500_000)), directory);
  for (const platform of SAMPLE_PLATFORMS) {
    const [, architecture = ''] = platform.split('/');
    const layers = [{ 'etc/platform': `${platform}\n` }, { 'data/noise': randomBytes(50_000) }];
    await buildImage(layout, imageOf(platform), architecture, layers, directory);
  }
  await addIndex(layout, 'multi');
  return layout;
}

function imageOf(platform: string): string {
  return platform.replaceAll('/', '-');
}

async function buildImage(
  layout: string,
  name: string,
  architecture: string,
  layers: readonly Tree[],
  directory: string,
): Promise<void> {
  const image = `${layout}:${name}`;
  await runCommand('umoci', ['new', '--image', image]);
  for (const [index, tree] of layers.entries()) {
    const tar = join(directory, `${name}-${String(index)}.tar`);
    await writeLayer(tree, join(directory, `${name}-${String(index)}`), tar);
    await runCommand('umoci', [
      'raw',
      'add-layer',
      '--image',
      image,
      '--history.created_by',
      `layer ${String(index)}`,
      tar,
    ]);
  }
  const settings = [
    '--config.env',
    'SAMPLE=yes',
    '--config.cmd',
    '/bin/sh',
    '--config.label',
    'org.example=sample',
  ];
  await runCommand('umoci', [
    'config',
    '--image',
    image,
    '--os',
    'linux',
    '--architecture',
    architecture,
    ...settings,
  ]);
}

async function writeLayer(tree: Tree, root: string, tar: string): Promise<void> {
  for (const [path, what] of Object.entries(tree)) {
    const target = join(root, path);
    await mkdir(dirname(target), { recursive: true });
    if (typeof what === 'string' || what instanceof Uint8Array) await writeFile(target, what);
    else if ('symlink' in what) await symlink(what.symlink, target);
    else if ('hardlink' in what) await link(join(root, what.hardlink), target);
    else {
      await mkdir(target, { recursive: true });
      await chmod(target, what.dir);
    }
    if (typeof what === 'string') await utimes(target, EPOCH, EPOCH);
  }
  await runCommand('tar', [
    '--format=pax',
    '--sort=name',
    '--owner=1000',
    '--group=100',
    '--numeric-owner',
    '-cf',
    tar,
    '-C',
    root,
    '.',
  ]);
  await rm(root, { recursive: true });
}

/** umoci makes no indexes: this writes one over the images of {@link SAMPLE_PLATFORMS} by hand. */
async function addIndex(layout: string, name: string): Promise<void> {
  const path = join(layout, 'index.json');
  const root = JSON.parse(await readFile(path, 'utf8')) as { manifests: LayoutEntry[] };
  const manifests = SAMPLE_PLATFORMS.map((platform) => {
    const entry = root.manifests.find((one) => one.annotations?.[REF_NAME] === imageOf(platform));
    if (entry === undefined) throw new Error(`${platform} was not built`);
    const [os = '', architecture = '', variant] = platform.split('/');
    const { mediaType, digest, size } = entry;
    return {
      mediaType,
      digest,
      size,
      platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
    };
  });
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const bytes = JSON.stringify({ schemaVersion: 2, mediaType, manifests });
  const hex = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(layout, 'blobs/sha256', hex), bytes);
  root.manifests.push({
    mediaType,
    digest: `sha256:${hex}`,
    size: bytes.length,
    annotations: { [REF_NAME]: name },
  });
  await writeFile(path, JSON.stringify(root));
}

const REF_NAME = 'org.opencontainers.image.ref.name';

interface LayoutEntry {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Copies an image of a layout into a registry with skopeo. */
export async function pushWithSkopeo(
  layout: string,
  image: string,
  host: string,
  name: string,
  args: readonly string[] = [],
): Promise<void> {
  await runCommand('skopeo', [
    '--insecure-policy',
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    ...args,
    `oci:${layout}:${image}`,
    `docker://${host}/${name}`,
  ]);
}
