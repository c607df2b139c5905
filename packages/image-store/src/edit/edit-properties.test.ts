import { createMemoryStorage } from '@stowage/storage';
import type { ContentStore, Descriptor, Digest, History } from '@stowage/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { annotateImage } from './annotate-image.ts';
import { appendLayer } from './append-layer.ts';
import { changeConfig } from './change-config.ts';
import { convertImage } from './convert-image.ts';
import type { EditableImage } from './editable-image.ts';
import { readEditableImage } from './read-editable-image.ts';
import { rebaseImage } from './rebase-image.ts';
import { squashHistoryTimes } from './squash-history-times.ts';
import { writeEditableImage } from './write-editable-image.ts';
import { layerOf, SCRATCH } from '../test-support/sample-images.ts';

type Edit = (image: EditableImage) => EditableImage;

const time = fc
  .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
  .map((date) => date.toISOString());
const text = fc.string({ unit: 'grapheme', maxLength: 8 });

/** One step of a build. */
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(fc.constantFrom(...Array.from('123456789abcdef')), text, fc.option(time)).map(
    ([digit, createdBy, created]): Edit =>
      (image) =>
        appendLayer(image, layerOf(digit), { createdBy, created: created ?? undefined }),
  ),
  fc.tuple(fc.dictionary(text, text), text).map(
    ([labels, createdBy]): Edit =>
      (image) =>
        changeConfig(image, (old) => ({ ...old, config: { ...old.config, Labels: labels } }), { createdBy }),
  ),
);

const build = fc.array(edit, { maxLength: 6 }).map(
  (edits): Edit =>
    (image) =>
      edits.reduce((result, one) => deepFreeze(one(result)), deepFreeze(image)),
);

/** Nothing may write to what it was given. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}

interface Stored {
  readonly id: Digest;
  readonly manifest: Descriptor;
  readonly content: ContentStore;
}

async function store(image: EditableImage): Promise<Stored> {
  const { content } = createMemoryStorage();
  const { imageId, manifest } = await writeEditableImage(image, content);
  return { id: imageId, manifest, content };
}

async function sameImage(a: EditableImage, b: EditableImage): Promise<void> {
  const [first, second] = await Promise.all([store(a), store(b)]);
  expect([second.id, second.manifest]).toEqual([first.id, first.manifest]);
}

function layersTold(history: readonly History[] = []): number {
  return history.filter((step) => step.empty_layer !== true).length;
}

const runs = { numRuns: 60 };

describe('an edited image', () => {
  it('names a blob and a step of the history for each layer', () => {
    fc.assert(
      fc.property(build, (edits) => {
        const { config, layers } = edits(SCRATCH);
        expect(layers).toHaveLength(config.rootfs.diff_ids.length);
        expect(layersTold(config.history)).toBe(layers.length);
      }),
      runs,
    );
  });

  it('has the same bytes whenever it is built, and when it was read and written again', () =>
    fc.assert(
      fc.asyncProperty(
        build,
        fc.dictionary(text, text),
        fc.boolean(),
        async (edits, annotations, isDocker) => {
          const built = annotateImage(edits(SCRATCH), annotations);
          const image = isDocker ? convertImage(built, 'docker') : built;
          const { id, manifest, content } = await store(image);
          const read = await readEditableImage(manifest, content);
          expect(read).toMatchObject({ format: image.format, layers: image.layers });
          const { rawConfig: _config, rawManifest: _manifest, ...parsed } = read;
          await sameImage(image, read);
          await sameImage(image, parsed);
          expect(id).toBe((await store(edits(SCRATCH))).id);
        },
      ),
      runs,
    ));

  it('comes back from docker as it was', () =>
    fc.assert(
      fc.asyncProperty(build, async (edits) => {
        const image = convertImage(edits(SCRATCH), 'docker');
        await sameImage(image, convertImage(convertImage(image, 'oci'), 'docker'));
        expect((await store(convertImage(image, 'oci'))).id).toBe((await store(image)).id);
      }),
      runs,
    ));

  it('is the same on the base that it was built on, and when it was moved there and back', () =>
    fc.assert(
      fc.asyncProperty(build, build, build, async (first, second, own) => {
        const [base, other] = [first(SCRATCH), second(SCRATCH)];
        const image = own(base);
        await sameImage(image, rebaseImage(image, base, base));
        const moved = rebaseImage(image, base, other);
        expect(moved.layers).toHaveLength(image.layers.length - base.layers.length + other.layers.length);
        await sameImage(image, rebaseImage(moved, other, base));
      }),
      runs,
    ));

  it('has one time when its history is squashed, whatever it had', () =>
    fc.assert(
      fc.asyncProperty(build, time, time, async (edits, before, created) => {
        const image = edits(SCRATCH);
        const squashed = squashHistoryTimes(image, created);
        expect(new Set(squashed.config.history?.map((step) => step.created)).size).toBeLessThanOrEqual(1);
        await sameImage(squashed, squashHistoryTimes(squashHistoryTimes(image, before), created));
      }),
      runs,
    ));
});
