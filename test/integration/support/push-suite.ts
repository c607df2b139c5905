import { join } from 'node:path';
import type { ErrorCode, Storage } from '@stowage/types';
import { openStowage } from 'stowage';
import type { StowageOptions } from 'stowage';
import { expect, it } from 'vitest';
import { OTHER_PLATFORMS, PUSH_LIST } from './push-list.ts';
import { inspectWithSkopeo, PLAIN_SOURCE, pullWithSkopeo } from './skopeo.ts';
import { ALICE } from './use-registries.ts';

/** A registry that is pushed to, and how it is reached. */
export interface PushTarget {
  readonly host: string;
  readonly options?: StowageOptions;
  /** The same for skopeo, and what it knows the registry by. Default: the same host, on http. */
  readonly skopeo?: { readonly host?: string; readonly access: readonly string[] };
}

/** A registry on http that knows {@link ALICE}. */
export function forAlice(host: string): PushTarget {
  const access = [...PLAIN_SOURCE, '--src-creds', `${ALICE.username}:${ALICE.password}`];
  return { host, options: { auth: { ...ALICE, serverAddress: host } }, skopeo: { access } };
}

/** What a list is pushed from, and a folder for what skopeo makes of it. */
export interface PushSuiteInit {
  readonly storage: Storage;
  readonly directory: string;
}

/** Pushes the whole list to a registry, and has skopeo and new stores of ours pull it back. */
export function pushSuite(init: () => PushSuiteInit, target: () => PushTarget): void {
  const pullBack = async (name: string, platform = 'linux/amd64') => {
    const { host, options } = target();
    await using stowage = await openStowage(options);
    const { digest, imageId: id, layers } = await stowage.pull(`${host}/team/${name}:v1`, { platform });
    expect((await stowage.check()).problems).toEqual([]);
    return {
      image: { digest, id, diffIds: layers.map(({ diffId }) => diffId) },
      blobs: layers.map((layer) => layer.digest),
    };
  };

  it.each(PUSH_LIST)('takes $name, and gives it back', async ({ name, image, unchanged, options }) => {
    const { storage, directory } = init();
    const { host, options: access, skopeo } = target();
    const reference = `team/${name}:v1`;
    await using stowage = await openStowage({ ...access, storage });
    await stowage.tag(`kept/${name}:v1`, `${host}/${reference}`);
    const pushed = await stowage.push(`${host}/${reference}`, options);
    const expected = {
      digest: unchanged?.descriptor.digest ?? pushed.digest,
      id: image.config.descriptor.digest,
      diffIds: image.layers.map(({ diffId }) => diffId),
    };
    const theirs = `${skopeo?.host ?? host}/${reference}`;
    const files = join(directory, 'skopeo');
    // It syncs every file that it writes: of many it looks at the manifest and the configuration.
    const seen =
      image.layers.length > 100
        ? inspectWithSkopeo(theirs, skopeo?.access)
        : pullWithSkopeo(theirs, files, skopeo?.access);
    expect(await seen).toEqual(expected);
    const back = await pullBack(name);
    expect(back.image).toEqual(expected);
    const sent = image.layers.map(({ descriptor }) => descriptor.digest);
    expect(back.blobs).toEqual(unchanged === undefined ? pushed.layers.map(({ digest }) => digest) : sent);
  });

  it.each(OTHER_PLATFORMS)('gives back what the index has for %s', async (platform, { config }) => {
    expect((await pullBack('multi', platform)).image.id).toBe(config.descriptor.digest);
  });
}

/** Tries to push with nothing but what leads to the registry, and is answered with an error of this code. */
export function strangerTest(init: () => PushSuiteInit, target: () => PushTarget, code: ErrorCode): void {
  it('takes nothing from anybody else', async () => {
    const { host, options } = target();
    await using stowage = await openStowage({ storage: init().storage, proxy: options?.proxy });
    await stowage.tag('kept/pulled:v1', `${host}/team/refused:v1`);
    await expect(stowage.push(`${host}/team/refused:v1`)).rejects.toMatchObject({ code });
  });
}
