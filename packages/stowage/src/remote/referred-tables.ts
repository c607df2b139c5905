import { parseManifest } from '@stowage/types';
import type { AbortOptions, Descriptor, Digest, ImageManifest, Repository } from '@stowage/types';
import { SEEK_INDEX_ARTIFACT, SEEK_INDEX_LAYER, SEEK_INDEX_OF } from './seek-index-form.ts';
import { unlessRefused } from './unless-refused.ts';

const SOCI_INDEX = 'application/vnd.amazon.soci.index.v1+json';
/** Which layer a ztoc is of, in an index of SOCI's. */
const SOCI_LAYER = 'com.amazon.soci.image-layer-digest';

/** How many referrers are looked through; anybody who may push to the repository may add some. */
const MAX_REFERRERS = 1_000;
/** How many of each type are read. */
const MAX_OF_A_TYPE = 4;

/** What is of use for reading layers, of what refers to their image. */
export interface ReferredTables {
  /** Seek indexes, by the digests of the blobs that they are of. */
  readonly indexes: ReadonlyMap<string, readonly Descriptor[]>;
  /** The tables of contents that SOCI has made, the same way. */
  readonly ztocs: ReadonlyMap<string, readonly Descriptor[]>;
}

type Source = Pick<Repository, 'referrers' | 'manifests'>;

/**
 * Looks through what refers to an image. The list is asked for once, unfiltered, since two lists by type take twice as
 * many requests. Where the registry does not give it, or not all of it, what came will do.
 *
 * @param image the digest of its manifest
 */
export async function findReferredTables(
  source: Source,
  image: Digest,
  options: AbortOptions,
): Promise<ReferredTables> {
  const indexes = new Map<string, Descriptor[]>();
  const ztocs = new Map<string, Descriptor[]>();
  for (const digest of await listTables(source, image, options)) {
    const manifest = await unlessRefused(readReferrer(source, digest, options), options);
    if (manifest === undefined) continue;
    const { artifactType = manifest.config.mediaType, layers } = manifest;
    if (artifactType === SOCI_INDEX) addTables(ztocs, layers, SOCI_LAYER);
    if (artifactType !== SEEK_INDEX_ARTIFACT) continue;
    const ofOurs = layers.filter(({ mediaType }) => mediaType === SEEK_INDEX_LAYER);
    addTables(indexes, ofOurs, SEEK_INDEX_OF);
  }
  return { indexes, ztocs };
}

/** The referrers that have tables, and those that do not tell what they are. */
async function listTables({ referrers }: Source, image: Digest, options: AbortOptions): Promise<Digest[]> {
  const found: Digest[] = [];
  const counts = new Map<string, number>([SEEK_INDEX_ARTIFACT, SOCI_INDEX, ''].map((type) => [type, 0]));
  const list = async (): Promise<void> => {
    for await (const referrer of referrers(image, { ...options, maxEntries: MAX_REFERRERS })) {
      const { artifactType = '', digest } = referrer;
      const count = counts.get(artifactType);
      if (count === undefined || count === MAX_OF_A_TYPE) continue;
      counts.set(artifactType, count + 1);
      found.push(digest);
    }
  };
  await unlessRefused(list(), options);
  return found;
}

async function readReferrer(
  { manifests }: Source,
  digest: Digest,
  options: AbortOptions,
): Promise<ImageManifest | undefined> {
  const { bytes, descriptor } = await manifests.get(digest, options);
  const manifest = parseManifest(bytes, descriptor.mediaType);
  return manifest.kind === 'manifest' ? manifest : undefined;
}

/** Of each layer, one manifest has one table. */
function addTables(
  tables: Map<string, Descriptor[]>,
  listed: readonly Descriptor[],
  annotation: string,
): void {
  const here = new Map<string, Descriptor>();
  for (const table of listed) {
    const layer = table.annotations?.[annotation];
    if (layer !== undefined && !here.has(layer)) here.set(layer, table);
  }
  for (const [layer, table] of here) tables.set(layer, [...(tables.get(layer) ?? []), table]);
}
