import { field, goStruct, optional } from '../go-json/go-json-struct.ts';
import type { GoField, GoStruct } from '../go-json/go-json-struct.ts';

// The structs of image-spec 1.1 and of docker/distribution 2.8; not exported from the package.

const PLATFORM_FIELDS: readonly GoField[] = [
  field('architecture', 'text'),
  field('os', 'text'),
  optional('os.version', 'text'),
  optional('os.features', 'texts'),
  optional('variant', 'text'),
];

/** `v1.Platform` of image-spec. */
const PLATFORM: GoStruct = goStruct(...PLATFORM_FIELDS);

/** `manifestlist.PlatformSpec` of distribution. */
const LIST_PLATFORM: GoStruct = goStruct(...PLATFORM_FIELDS, optional('features', 'texts'));

/** `v1.Descriptor` of image-spec. Version 1.0 has neither `data` nor `artifactType`, and else the same order. */
const DESCRIPTOR: GoStruct = goStruct(
  field('mediaType', 'text'),
  field('digest', 'text'),
  field('size', 'number'),
  optional('urls', 'texts'),
  optional('annotations', 'textMap'),
  optional('data', 'text'),
  optional('platform', PLATFORM, 'pointer'),
  optional('artifactType', 'text'),
);

const DOCKER_DESCRIPTOR_FIELDS: readonly GoField[] = [
  optional('mediaType', 'text'),
  optional('size', 'number'),
  optional('digest', 'text'),
  optional('urls', 'texts'),
  optional('annotations', 'textMap'),
];

/** `distribution.Descriptor`: the size comes before the digest. */
const DOCKER_DESCRIPTOR: GoStruct = goStruct(
  ...DOCKER_DESCRIPTOR_FIELDS,
  optional('platform', PLATFORM, 'pointer'),
);

/** `manifestlist.ManifestDescriptor`: the platform is always there. */
const LIST_DESCRIPTOR: GoStruct = goStruct(...DOCKER_DESCRIPTOR_FIELDS, field('platform', LIST_PLATFORM));

const VERSION_FIELDS: readonly GoField[] = [field('schemaVersion', 'number'), optional('mediaType', 'text')];

const OCI_TAIL: readonly GoField[] = [
  optional('subject', DESCRIPTOR, 'pointer'),
  optional('annotations', 'textMap'),
];

/** `v1.Manifest` of image-spec. */
export const OCI_MANIFEST: GoStruct = goStruct(
  ...VERSION_FIELDS,
  optional('artifactType', 'text'),
  field('config', DESCRIPTOR),
  field('layers', DESCRIPTOR, 'list'),
  ...OCI_TAIL,
);

/** `v1.Index` of image-spec. */
export const OCI_INDEX: GoStruct = goStruct(
  ...VERSION_FIELDS,
  optional('artifactType', 'text'),
  field('manifests', DESCRIPTOR, 'list'),
  ...OCI_TAIL,
);

/** `schema2.Manifest` of distribution. */
export const DOCKER_MANIFEST: GoStruct = goStruct(
  ...VERSION_FIELDS,
  field('config', DOCKER_DESCRIPTOR),
  field('layers', DOCKER_DESCRIPTOR, 'list'),
);

/** `manifestlist.ManifestList` of distribution. */
export const DOCKER_LIST: GoStruct = goStruct(...VERSION_FIELDS, field('manifests', LIST_DESCRIPTOR, 'list'));

/** `schema1.Manifest` of distribution. */
export const SCHEMA1_MANIFEST: GoStruct = goStruct(
  ...VERSION_FIELDS,
  field('name', 'text'),
  field('tag', 'text'),
  field('architecture', 'text'),
  field('fsLayers', goStruct(field('blobSum', 'text')), 'list'),
  field('history', goStruct(field('v1Compatibility', 'text')), 'list'),
);

/** What a manifest or index is read with: the members of both, so that those of the wrong kind are seen as well. */
export const ANY_MANIFEST: GoStruct = goStruct(
  ...OCI_MANIFEST.fields,
  field('manifests', DESCRIPTOR, 'list'),
  field('fsLayers', 'data'),
);
