import { StowageError } from '@stowage/types';
import type { History, ImageConfig } from '@stowage/types';
import { countLayers, fullHistory, withConfig } from './editable-image.ts';
import type { EditableImage } from './editable-image.ts';
import { layerIn } from './layer-types.ts';

/**
 * Moves an image from the base that it was built on to another: the base's layers and its part of the history are
 * replaced. How containers start stays as it is; the version and the features of the operating system are those of the
 * new base. Whether the image's own layers go with the new base is for the caller to know.
 *
 * @param image the image
 * @param from what it was built on
 * @param to what it would be built on
 * @throws `INVALID_ARGUMENT` where the image does not begin with the layers of `from`; `PLATFORM_MISMATCH` where the new
 *   base is for another operating system or processor; `UNSUPPORTED` for layers that the image's format has no type for
 *
 * @example
 * ```ts
 * import { appendLayer, rebaseImage } from '@stowage/image-store';
 * import { asDigest, MEDIA_TYPES } from '@stowage/types';
 * import type { DiffID } from '@stowage/types';
 *
 * const layer = (digit: string) => {
 *   const digest = asDigest('sha256:' + digit.repeat(64));
 *   return { descriptor: { mediaType: MEDIA_TYPES.ociLayer, digest, size: 1024 }, diffId: digest as DiffID };
 * };
 * const scratch = { format: 'oci', config: { rootfs: { type: 'layers', diff_ids: [] } }, layers: [] } as const;
 * const [old, next] = [appendLayer(scratch, layer('1')), appendLayer(scratch, layer('2'))];
 * const image = rebaseImage(appendLayer(old, layer('3')), old, next);
 * console.log(image.config.rootfs.diff_ids.map((diffId) => diffId.at(-1))); // [ '2', '3' ]
 * ```
 */
export function rebaseImage(image: EditableImage, from: EditableImage, to: EditableImage): EditableImage {
  const { diff_ids: diffIds } = image.config.rootfs;
  const depth = from.config.rootfs.diff_ids.length;
  const foreign = from.config.rootfs.diff_ids.findIndex((diffId, at) => diffId !== diffIds[at]);
  if (foreign >= 0) {
    throw new StowageError(
      'INVALID_ARGUMENT',
      `the image is not built on that base: its layer ${foreign} is another`,
    );
  }
  checkPlatform(image.config, to.config);
  const { 'os.version': _version, 'os.features': _features, history: _history, ...config } = image.config;
  const history = [...fullHistory(to.config), ...ownHistory(image.config, from.config)];
  const { 'os.version': version, 'os.features': features, rootfs } = to.config;
  return withConfig(
    image,
    {
      ...config,
      ...(version === undefined ? {} : { 'os.version': version }),
      ...(features === undefined ? {} : { 'os.features': features }),
      rootfs: { ...config.rootfs, diff_ids: [...rootfs.diff_ids, ...diffIds.slice(depth)] },
      ...(history.length === 0 ? {} : { history }),
    },
    [...to.layers.map((layer) => layerIn(image.format, layer)), ...image.layers.slice(depth)],
  );
}

/** What is left of an image's history without that of its base. */
function ownHistory(image: ImageConfig, base: ImageConfig): readonly History[] {
  const history = fullHistory(image);
  const { history: begins = [] } = base;
  if (
    countLayers(begins) === base.rootfs.diff_ids.length &&
    begins.every((step, at) => isSame(step, history[at]))
  ) {
    return history.slice(begins.length);
  }
  // The base tells another story than the image does of it: what follows its last layer is the image's own.
  let layers = base.rootfs.diff_ids.length;
  return history.filter((step) => {
    const isOwn = layers === 0;
    if (!isOwn && step.empty_layer !== true) layers -= 1;
    return isOwn;
  });
}

function isSame(a: History, b: History | undefined): boolean {
  const names = ['created', 'author', 'created_by', 'comment', 'empty_layer'] as const;
  return b !== undefined && names.every((name) => a[name] === b[name]);
}

function checkPlatform(image: ImageConfig, base: ImageConfig): void {
  for (const name of ['os', 'architecture', 'variant'] as const) {
    const [wanted = '', found = ''] = [image[name], base[name]];
    if (wanted === found) continue;
    throw new StowageError(
      'PLATFORM_MISMATCH',
      `the image has ${name} ${JSON.stringify(wanted)}, the new base ${JSON.stringify(found)}`,
    );
  }
}
