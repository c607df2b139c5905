import { streamOf } from '@stowage/core';
import { createRegistryServer, toFetch } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { parseNormalizedNamed } from '@stowage/types';
import type { ChainID, Fetch, Storage } from '@stowage/types';
import { openStowage } from 'stowage';
import type { PushOptions, Stowage } from 'stowage';
import {
  buildImage,
  buildIndex,
  pushImage,
  pushManifest,
  UNCOMPRESSED,
  ZSTD,
} from '../../support/image-builder.ts';
import type { BuildOptions, BuiltImage, BuiltIndex } from '../../support/image-builder.ts';

/** An image that is pushed to registries of every kind. */
export interface PushSubject {
  /** The store has it as `kept/NAME:v1`. */
  readonly name: string;
  readonly image: BuiltImage;
  /** What came from a registry, and has to get to the next one byte for byte, its blobs too. */
  readonly unchanged?: BuiltIndex;
  readonly options?: PushOptions;
}

const ARCHITECTURES = ['amd64', 'arm64', 's390x'] as const;

/** An image of a layer that most have, and of one of its own. */
function imageOf(name: string, options: BuildOptions = {}): BuiltImage {
  const own = [{ name, content: `${name} ${options.architecture ?? ''}` }];
  return buildImage([[{ name: 'base', content: 'the base' }], own], options);
}

const [AMD64 = imageOf('multi'), ...OTHERS] = ARCHITECTURES.map((architecture) =>
  imageOf('multi', { architecture }),
);
const INDEX = buildIndex(
  [AMD64, ...OTHERS].map(({ descriptor }, at) => ({
    ...descriptor,
    platform: { os: 'linux', architecture: ARCHITECTURES[at] ?? '' },
  })),
);

/** The platforms of the index in the list but linux/amd64, and their images. */
export const OTHER_PLATFORMS: readonly (readonly [platform: string, image: BuiltImage])[] = OTHERS.map(
  (image, at) => [`linux/${ARCHITECTURES[at + 1] ?? ''}`, image],
);

const unchanged = (name: string, image: BuiltImage): PushSubject => ({ name, image, unchanged: image });

const PULLED: readonly PushSubject[] = [
  unchanged('pulled', imageOf('pulled', { docker: true })),
  unchanged('zstd', imageOf('zstd', { compression: ZSTD })),
  unchanged('deep', buildImage(Array.from({ length: 120 }, (_, at) => [{ name: 'a', content: String(at) }]))),
  { name: 'multi', image: AMD64, unchanged: INDEX, options: { allPlatforms: true } },
  { name: 'anew', image: imageOf('anew'), options: { compression: 'zstd' } },
];
const LOADED: PushSubject = { name: 'loaded', image: imageOf('loaded', { compression: UNCOMPRESSED }) };
const BUILT: PushSubject = { name: 'built', image: imageOf('built', { compression: UNCOMPRESSED }) };

/**
 * Pulled, from a registry: as gzip, as zstd, of 120 layers, an index, and one that is compressed anew; loaded from an
 * archive; built here.
 */
export const PUSH_LIST: readonly PushSubject[] = [...PULLED, LOADED, BUILT];

/** Makes a store that has the whole list, without a network. */
export async function preparePushList(): Promise<Storage> {
  const fetch = toFetch(createRegistryServer({ storage: createMemoryStorage() }));
  for (const { name, image, unchanged: manifest = image } of [...PULLED, LOADED]) {
    await pushImage(fetch, 'http://localhost', name, 'v1', image);
    if (manifest === INDEX) await pushIndex(fetch, name);
  }
  const storage = createMemoryStorage();
  await using stowage = await openStowage({ storage, fetch });
  for (const { name } of PULLED) await pull(stowage, name);
  for (const [platform] of OTHER_PLATFORMS) await pull(stowage, 'multi', platform);
  await pull(stowage, 'multi');

  await using other = await openStowage({ fetch });
  await pull(other, LOADED.name);
  await stowage.load(other.save([`kept/${LOADED.name}:v1`], { format: 'docker-v1' }), { tags: true });
  await build(stowage, BUILT);
  return storage;
}

async function pushIndex(fetch: Fetch, name: string): Promise<void> {
  for (const image of OTHERS) {
    await pushImage(fetch, 'http://localhost', name, image.descriptor.digest, image);
  }
  await pushManifest(fetch, 'http://localhost', name, 'v1', INDEX);
}

async function pull(stowage: Stowage, name: string, platform = 'linux/amd64'): Promise<void> {
  await stowage.pull(`localhost/${name}:v1`, { platform });
  await stowage.tag(`localhost/${name}:v1`, `kept/${name}:v1`);
}

/** Makes an image as builders do: layers, a configuration and a name, and no manifest. */
async function build(stowage: Stowage, { name, image }: PushSubject): Promise<void> {
  let parent: ChainID | undefined;
  for (const { bytes } of image.layers) {
    parent = (await stowage.layers.register(streamOf(bytes), parent)).chainId;
  }
  const imageId = await stowage.imageStore.create(image.config.bytes);
  await stowage.references.addTag(parseNormalizedNamed(`kept/${name}:v1`), imageId);
}
