import { field, goStruct, optional } from '../go-json/go-json-struct.ts';
import type { GoField, GoStruct } from '../go-json/go-json-struct.ts';
import { CONTAINER_CONFIG } from './image-config-container.ts';

// The structs of moby 20.10's `image` package; not exported from the package.

/** `image.RootFS`. */
export const ROOT_FS: GoStruct = goStruct(field('type', 'text'), optional('diff_ids', 'texts'));

/** `image.History`. */
export const HISTORY: GoStruct = goStruct(
  field('created', 'time'),
  optional('author', 'text'),
  optional('created_by', 'text'),
  optional('comment', 'text'),
  optional('empty_layer', 'flag'),
);

const V1_FIELDS: readonly GoField[] = [
  optional('id', 'text'),
  optional('parent', 'text'),
  optional('comment', 'text'),
  field('created', 'time'),
  optional('container', 'text'),
  // Optional in Go's tag as well, which does nothing for a struct that is held by value.
  optional('container_config', CONTAINER_CONFIG),
  optional('docker_version', 'text'),
  optional('author', 'text'),
  optional('config', CONTAINER_CONFIG, 'pointer'),
  optional('architecture', 'text'),
  optional('variant', 'text'),
  optional('os', 'text'),
  optional('Size', 'number'),
];

/** `image.V1Image`. */
export const V1_IMAGE: GoStruct = goStruct(...V1_FIELDS);

/** `image.Image`. */
export const IMAGE: GoStruct = goStruct(
  ...V1_FIELDS,
  optional('rootfs', ROOT_FS, 'pointer'),
  optional('history', HISTORY, 'list'),
  optional('os.version', 'text'),
  optional('os.features', 'texts'),
);
