// Run in a process of its own: gives names to an image in a store that others change at the same time, and takes every
// other one away again.
import { openReferenceStore } from '@stowage/image-store';
import { openFileStorage } from '@stowage/storage/node';
import { asDigest, MEDIA_TYPES, parseNormalizedNamed } from '@stowage/types';
import type { ImageID } from '@stowage/types';

const [root = '', name = '', count = ''] = process.argv.slice(2);
const storage = await openFileStorage(root);
const references = await openReferenceStore({ storage });
const digest = asDigest(`sha256:${'1'.repeat(64)}`);
const target = { mediaType: MEDIA_TYPES.ociManifest, digest, size: 1 };
for (let number = 0; number < Number(count); number += 1) {
  const reference = parseNormalizedNamed(`${name}:${number}`);
  await references.addTag(reference, digest as ImageID, false, { target });
  if (number % 2 === 1) await references.delete(reference);
}
await storage.close();
