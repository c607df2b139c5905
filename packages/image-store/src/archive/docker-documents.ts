import { encodeGoJson, familiarName, familiarString } from '@stowage/types';
import type { Bytes, Descriptor, DiffID } from '@stowage/types';
import type { SavedImage } from './saved-image.ts';

const NEW_LINE = 10;

/** An image as `manifest.json` has it. */
export interface SavedItem {
  readonly saved: SavedImage;
  readonly config: string;
  readonly layers: readonly string[];
  /** What each layer is; moby writes it for foreign layers, and since 25 for all. */
  readonly sources?: ReadonlyMap<DiffID, Descriptor>;
  /** What `repositories` says of its names. */
  readonly top: string;
}

/** `manifest.json`, with the members in docker's order. */
export function encodeManifest(items: readonly SavedItem[]): Bytes {
  return encodeLine(
    items.map(({ saved, config, layers, sources }) => ({
      Config: config,
      RepoTags: saved.tags.length === 0 ? null : saved.tags.map(familiarString),
      Layers: layers,
      ...(saved.parent === undefined ? {} : { Parent: saved.parent }),
      ...(sources === undefined ? {} : { LayerSources: sorted(sources) }),
    })),
  );
}

/** The file `repositories`; nothing where no image has a name. */
export function encodeRepositories(items: readonly SavedItem[]): Bytes | undefined {
  const names = new Map<string, Map<string, string>>();
  for (const { saved, top } of items) {
    for (const reference of saved.tags) {
      const name = familiarName(reference);
      const tags = names.get(name) ?? new Map<string, string>();
      names.set(name, tags.set(reference.tag ?? '', top));
    }
  }
  if (names.size === 0) return undefined;
  return encodeLine(sorted(new Map([...names].map(([name, tags]) => [name, sorted(tags)]))));
}

/** As Go's encoder writes to a stream: with the end of a line. */
function encodeLine(value: unknown): Bytes {
  const json = encodeGoJson(value);
  const line = new Uint8Array(json.length + 1);
  line.set(json);
  line[json.length] = NEW_LINE;
  return line;
}

function sorted<V>(map: ReadonlyMap<string, V>): Map<string, V> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
