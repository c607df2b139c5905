import { StowageError } from '@stowage/types';
import type {
  ChainID,
  Descriptor,
  DiffID,
  Layer,
  LayerMetadata,
  LayerScan,
  LayerStore,
  RegisterBlobOptions,
} from '@stowage/types';
import { chainOnTop } from '../download/existing-layers.ts';

/** A layer store that remembers layers and counts holds, and keeps no content. */
export class FakeLayerStore implements LayerStore {
  /** What was registered, in order: the DiffIDs. */
  readonly registered: DiffID[] = [];
  /** Called before a blob is registered; may take its time, or throw. */
  onRegister: (descriptor: Descriptor, options: RegisterBlobOptions) => Promise<void> = () =>
    Promise.resolve();
  /** What releasing a layer fails with. */
  releaseError: Error | undefined;
  readonly #layers = new Map<ChainID, Layer>();
  readonly #holds = new Set<Layer>();

  /** How many holds there are. */
  get holds(): number {
    return this.#holds.size;
  }

  /** Puts layers in without a hold, base first. */
  seed(...diffIds: readonly DiffID[]): void {
    let parent: Layer | undefined;
    for (const diffId of diffIds) parent = this.#add(diffId, parent);
  }

  async registerBlob(
    descriptor: Descriptor,
    parent?: ChainID,
    options: RegisterBlobOptions = {},
  ): Promise<Layer> {
    await this.onRegister(descriptor, options);
    const { scanned } = options;
    if (scanned === undefined) throw new StowageError('INVALID_ARCHIVE', 'nothing is known of the blob');
    const below = parent === undefined ? undefined : this.#layers.get(parent);
    if (parent !== undefined && below === undefined)
      throw new StowageError('NOT_FOUND', 'layer does not exist');
    this.registered.push(scanned.diffId);
    return this.#hold(this.#add(scanned.diffId, below));
  }

  get(chainId: ChainID): Promise<Layer> {
    const layer = this.#layers.get(chainId);
    if (layer === undefined) return Promise.reject(new StowageError('NOT_FOUND', 'layer does not exist'));
    return Promise.resolve(this.#hold(layer));
  }

  release(layer: Layer): Promise<readonly LayerMetadata[]> {
    if (this.releaseError !== undefined) return Promise.reject(this.releaseError);
    if (this.#holds.delete(layer)) return Promise.resolve([]);
    return Promise.reject(new StowageError('INVALID_ARGUMENT', 'layer not retained'));
  }

  map(): Promise<ReadonlyMap<ChainID, LayerMetadata>> {
    return Promise.resolve(this.#layers);
  }

  register(): Promise<Layer> {
    return Promise.reject(new StowageError('UNSUPPORTED', 'only blobs here'));
  }

  scan(): Promise<LayerScan> {
    return Promise.reject(new StowageError('UNSUPPORTED', 'no content here'));
  }

  #hold(layer: Layer): Layer {
    const held = { ...layer };
    this.#holds.add(held);
    return held;
  }

  #add(diffId: DiffID, parent: Layer | undefined): Layer {
    const chainId = chainOnTop(parent?.chainId, diffId);
    const known = this.#layers.get(chainId);
    if (known !== undefined) return known;
    const unsupported = (): never => {
      throw new StowageError('UNSUPPORTED', 'no content here');
    };
    const layer: Layer = {
      chainId,
      diffId,
      parent,
      size: (parent?.size ?? 0) + 1,
      diffSize: 1,
      descriptor: { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: diffId, size: 1 },
      tarStream: unsupported,
      tarTo: unsupported,
      tarStreamFrom: unsupported,
      entries: unsupported,
      readFile: unsupported,
    };
    this.#layers.set(chainId, layer);
    return layer;
  }
}
