import { MEDIA_TYPES } from '@stowage/types';

/** The media types that a docker schema 2 configuration may have, as in moby. */
export const SCHEMA2_TYPES: readonly string[] = [
  MEDIA_TYPES.dockerConfig,
  MEDIA_TYPES.ociConfig,
  MEDIA_TYPES.octetStream,
  'application/json',
  'text/html',
  '',
];
