import { asDigest, MEDIA_TYPES, StowageError } from '@stowage/types';
import type { Descriptor, ManifestReader, Repository } from '@stowage/types';
import { expect, it } from 'vitest';
import { describeManifest } from './describe-manifest.ts';

const descriptor: Descriptor = {
  mediaType: MEDIA_TYPES.ociManifest,
  digest: asDigest(`sha256:${'a'.repeat(64)}`),
  size: 2,
};
const found = (): ReturnType<ManifestReader['get']> =>
  Promise.resolve({ descriptor, bytes: new Uint8Array() });
const failing = (code: 'NOT_FOUND' | 'DENIED', message: string) => () =>
  Promise.reject(new StowageError(code, message));

function ask(head: ManifestReader['head'], get: ManifestReader['get']): Promise<Descriptor> {
  return describeManifest({ manifests: { head, get } as Repository['manifests'] }, 'v1', {});
}

it('has what HEAD does not find asked for by GET', async () => {
  expect(await ask(failing('NOT_FOUND', 'no'), found)).toBe(descriptor);
  expect(await ask(() => Promise.resolve(descriptor), failing('DENIED', 'never asked'))).toBe(descriptor);
});

it('fails with the words of the registry', async () => {
  await expect(ask(failing('NOT_FOUND', 'no'), failing('NOT_FOUND', 'no such tag'))).rejects.toThrow(
    'such tag',
  );
  await expect(ask(failing('DENIED', 'not you'), found)).rejects.toThrow('not you');
});
