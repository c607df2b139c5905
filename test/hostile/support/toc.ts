import { collect } from '@stowage/core';
import { openTocLayer } from '@stowage/layer-store';
import type { TocLayerInit } from '@stowage/layer-store';
import { countingContent } from '../../../packages/layer-store/src/test-support/counting-content.ts';
import { codeOf } from '../../../packages/layer-store/src/test-support/layers.ts';
import type { WrittenLayer } from '../../../packages/layer-store/src/test-support/toc-layers.ts';

/** A layer as `openTocLayer` takes it. */
export function initOf(written: WrittenLayer): TocLayerInit {
  const { descriptor, diffId } = written;
  return { content: countingContent(written.blob), descriptor, diffId };
}

/** The code that reading every file ends with. */
export async function readAll(init: TocLayerInit): Promise<string | undefined> {
  const layer = await openTocLayer(init);
  for await (const { path, type } of layer.entries()) {
    if (type !== 'file') continue;
    const code = await codeOf(layer.readFile(path).then((stream) => collect(stream, { maxBytes: 1 << 20 })));
    if (code !== undefined) return code;
  }
  return undefined;
}
