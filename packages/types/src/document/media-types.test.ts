import { describe, expect, it } from 'vitest';
import { isNondistributable, MEDIA_TYPES } from './media-types.ts';

const FOREIGN = 'application/vnd.oci.image.layer.nondistributable.v1.tar';

describe('isNondistributable', () => {
  it.each([FOREIGN, `${FOREIGN}+gzip`, `${FOREIGN}+zstd`, MEDIA_TYPES.dockerForeignLayerGzip])(
    '%s is',
    (type) => {
      expect(isNondistributable(type)).toBe(true);
    },
  );

  it('nothing else is', () => {
    const others = Object.values(MEDIA_TYPES).filter((type) => type !== MEDIA_TYPES.dockerForeignLayerGzip);
    for (const type of [...others, `text/plain; of=${FOREIGN}`]) expect(isNondistributable(type)).toBe(false);
  });
});
