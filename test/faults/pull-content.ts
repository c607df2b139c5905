import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { buildImage, pushImage } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import { noise } from '../support/noise.ts';
import type { SoundHandler } from './script.ts';

/** What the hosts of scenarios of pulls have. */
export interface PullContent {
  readonly sound: SoundHandler;
  /** The image `team/app:v1`. */
  readonly image: BuiltImage;
  /** What its layers hold. */
  readonly paths: readonly string[];
  /** What stands for digests in scenarios. */
  readonly names: ReadonlyMap<string, string>;
}

/** Makes a registry with an image of two layers, a large one and a small one. */
export async function createPullContent(): Promise<PullContent> {
  const image = buildImage([
    [
      { name: 'base/', type: 'dir' },
      { name: 'base/noise', content: noise(200_000) },
    ],
    [{ name: 'base/top', content: 'top\n' }],
  ]);
  const sound = createRegistryServer({ storage: createMemoryStorage() });
  await pushImage((url, init) => sound(new Request(url, init)), 'http://sound', 'team/app', 'v1', image);
  const [base, top] = image.layers;
  return {
    sound,
    image,
    paths: ['base', 'base/noise', 'base/top'],
    names: new Map([
      ['{manifest}', image.descriptor.digest],
      ['{config}', image.config.descriptor.digest],
      ['{base}', base?.descriptor.digest ?? ''],
      ['{top}', top?.descriptor.digest ?? ''],
    ]),
  };
}
