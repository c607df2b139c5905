import { chainId } from '@stowage/core';
import { asDigest, StowageError } from '@stowage/types';
import type { ChainID, DiffID, Layer, LayerMetadata, LayerStore } from '@stowage/types';

/** Layers that are nothing but their names, and the holds on them. */
export interface FakeLayerStore extends Pick<LayerStore, 'get' | 'release'> {
  /** Makes the stack of these layers known, without a hold on it. */
  readonly add: (...diffIds: DiffID[]) => ChainID;
  /** Loses a stack, holds and all. */
  readonly lose: (id: ChainID) => void;
  /** How many holds there are on a stack; `undefined` where there is no such stack. */
  readonly holds: (id: ChainID) => number | undefined;
}

/** A DiffID made of one hexadecimal digit. */
export function diffIdOf(digit: string): DiffID {
  return asDigest(`sha256:${digit.repeat(64)}`) as DiffID;
}

/** The configuration of an image of these layers. */
export function configOf(diffIds: readonly DiffID[], more: object = {}): Uint8Array {
  const rootfs = { type: 'layers', diff_ids: diffIds };
  return new TextEncoder().encode(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs, ...more }));
}

export function createFakeLayerStore(): FakeLayerStore {
  const stacks = new Map<ChainID, Set<Layer>>();
  return {
    add: (...diffIds) => {
      const id = chainId(diffIds);
      if (!stacks.has(id)) stacks.set(id, new Set());
      return id;
    },
    lose: (id) => stacks.delete(id),
    holds: (id) => stacks.get(id)?.size,
    get: (id) => {
      const held = stacks.get(id);
      if (held === undefined) return Promise.reject(new StowageError('NOT_FOUND', 'layer does not exist'));
      const layer = { chainId: id } as Layer;
      held.add(layer);
      return Promise.resolve(layer);
    },
    release: (layer) => {
      const held = stacks.get(layer.chainId);
      if (held?.delete(layer) !== true) {
        return Promise.reject(new StowageError('INVALID_ARGUMENT', 'layer not retained'));
      }
      if (held.size > 0) return Promise.resolve([]);
      stacks.delete(layer.chainId);
      const removed: LayerMetadata = { chainId: layer.chainId, diffId: diffIdOf('0'), size: 1, diffSize: 1 };
      return Promise.resolve([removed]);
    },
  };
}
