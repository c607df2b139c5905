import { describe, expect, it } from 'vitest';
import { checkLayerMediaType, isLayerMediaType, layerMediaTypeOf } from './layer-media-types.ts';

describe('layer media types', () => {
  it.each([
    'application/vnd.oci.image.layer.v1.tar',
    'application/vnd.oci.image.layer.v1.tar+gzip',
    'application/vnd.oci.image.layer.v1.tar+zstd',
    'application/vnd.oci.image.layer.nondistributable.v1.tar',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
    'application/vnd.docker.image.rootfs.diff.tar',
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
    'application/vnd.docker.image.rootfs.diff.tar.zstd',
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    'Application/vnd.oci.image.layer.v1.tar; charset=x',
  ])('knows %s', (mediaType) => {
    expect(isLayerMediaType(mediaType)).toBe(true);
    checkLayerMediaType(mediaType);
  });

  it.each(['', 'application/vnd.in-toto+json', 'application/vnd.oci.image.config.v1+json', 'constructor'])(
    'does not know %j',
    (mediaType) => {
      expect(isLayerMediaType(mediaType)).toBe(false);
      expect(() => {
        checkLayerMediaType(mediaType);
      }).toThrow(`unsupported media type ${mediaType}`);
    },
  );

  it('names a layer after its first bytes', () => {
    expect(layerMediaTypeOf('gzip')).toBe('application/vnd.oci.image.layer.v1.tar+gzip');
    expect(layerMediaTypeOf('zstd')).toBe('application/vnd.oci.image.layer.v1.tar+zstd');
    expect(layerMediaTypeOf('plain')).toBe('application/vnd.oci.image.layer.v1.tar');
    expect(layerMediaTypeOf(undefined)).toBe('application/vnd.oci.image.layer.v1.tar');
  });
});
