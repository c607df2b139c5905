import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltImage } from '../../support/image-builder.ts';

/** Writes an image into an OCI layout of its own, under a tag. */
export async function writeLayout(directory: string, image: BuiltImage, tag: string): Promise<void> {
  await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
  const manifest = { descriptor: image.descriptor, bytes: image.manifest };
  for (const { descriptor, bytes } of [manifest, image.config, ...image.layers]) {
    await writeFile(join(directory, 'blobs', ...descriptor.digest.split(':')), bytes);
  }
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  const index = { schemaVersion: 2, manifests: [{ ...image.descriptor, annotations }] };
  await writeFile(join(directory, 'index.json'), JSON.stringify(index));
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}
