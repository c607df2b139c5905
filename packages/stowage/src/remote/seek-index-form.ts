// What an artifact with the seek indexes of an image's layers is made of: `docs/seek-index.md`.

/** What kind of artifact it is. */
export const SEEK_INDEX_ARTIFACT = 'application/vnd.stowage.seek-index.v1';

/** What a blob of it is: the seek index of one layer. */
export const SEEK_INDEX_LAYER = 'application/vnd.stowage.seek-index.layer.v1';

/** The annotation of such a blob with the digest of the layer's blob. */
export const SEEK_INDEX_OF = 'dev.stowage.seek-index.layer';
