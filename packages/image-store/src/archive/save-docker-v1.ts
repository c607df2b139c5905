import { parseDigest, parseGoTime, StowageError } from '@stowage/types';
import type { ArchiveEntry } from './archive-entries.ts';
import { fileOf } from './archive-entries.ts';
import { encodeManifest, encodeRepositories } from './docker-documents.ts';
import type { SavedItem } from './docker-documents.ts';
import type { SavedImage } from './saved-image.ts';
import { v1Chain } from './v1-chain.ts';

const VERSION = new TextEncoder().encode('1.0');

/**
 * The entries of an archive as docker 20.10 writes it: a folder for each layer, with what the layer was as an image of
 * version 1, and a symbolic link in place of a layer that is there already.
 *
 * @throws `UNSUPPORTED` for an image without layers
 */
export async function planDockerV1(images: readonly SavedImage[]): Promise<ArchiveEntry[]> {
  const entries = new Map<string, ArchiveEntry>();
  /** Where each layer is, by DiffID. */
  const folders = new Map<string, string>();
  const items: SavedItem[] = [];
  for (const saved of images) {
    const { image } = saved;
    // In docker's own words.
    if (saved.layers.length === 0) throw new StowageError('UNSUPPORTED', 'empty export - not implemented');
    const mtime = secondsOf(image.config.created);
    const chain = await v1Chain(saved);
    for (const { id, json, layer } of chain) {
      if (entries.has(id)) continue;
      entries.set(id, { type: 'dir', name: id, mtime });
      entries.set(`${id}/VERSION`, fileOf(`${id}/VERSION`, VERSION, mtime));
      entries.set(`${id}/json`, fileOf(`${id}/json`, json, mtime));
      const name = `${id}/layer.tar`;
      const folder = folders.get(layer.diffId);
      if (folder === undefined) {
        folders.set(layer.diffId, id);
        const { diffSize: size } = layer;
        entries.set(name, { type: 'file', name, size, mtime, open: (options) => layer.tarStream(options) });
      } else {
        entries.set(name, { type: 'symlink', name, linkname: `../${folder}/layer.tar`, mtime });
      }
    }
    const config = `${parseDigest(image.id).encoded}.json`;
    entries.set(config, fileOf(config, image.raw, mtime));
    items.push({
      saved,
      config,
      layers: chain.map(({ id }) => `${id}/layer.tar`),
      top: chain.at(-1)?.id ?? '',
    });
  }
  const repositories = encodeRepositories(items);
  if (repositories !== undefined) entries.set('repositories', fileOf('repositories', repositories));
  entries.set('manifest.json', fileOf('manifest.json', encodeManifest(items)));
  return [...entries.values()];
}

/** A time in a tar header: what is before 1970, or no time, is 1970. */
function secondsOf(created: string | undefined): number {
  return created === undefined ? 0 : Math.max(0, parseGoTime(created).seconds);
}
