import { tapStream } from '@stowage/core';
import {
  createProgressThrottle,
  firstFullError,
  isRegistryError,
  isStowageError,
  shortId,
} from '@stowage/types';
import type {
  AbortOptions,
  ByteStream,
  Descriptor,
  Digest,
  LayerUpload,
  MountResult,
  ProgressOutput,
  ProgressThrottle,
  UploadSession,
} from '@stowage/types';
import { compressLayer, isForeign, sentType } from './layer-to-push.ts';
import type { LayerToPush } from './layer-to-push.ts';
import { lookupLimits } from './lookup-limits.ts';
import type { LookupLimits } from './lookup-limits.ts';
import type { PushTarget } from './push-target.ts';
import { checkCandidates, mountCandidates } from './rank-metadata.ts';

/** Makes sure that a registry has a layer, by moby's steps: known, there already, mounted, sent. */
export function createLayerUpload(layer: LayerToPush, target: PushTarget): LayerUpload {
  const id = shortId(layer.diffId);
  return {
    key: `v2push:${target.keyOf(layer)}`,
    id,
    diffId: layer.diffId,
    upload: (output, options = {}) => new LayerPush(layer, id, target, output, options).run(),
    setRemoteDescriptor: (descriptor) => {
      target.note(layer, descriptor);
    },
  };
}

/** One attempt to get one layer into a repository. */
class LayerPush {
  readonly #layer: LayerToPush;
  readonly #id: string;
  readonly #target: PushTarget;
  readonly #output: ProgressOutput;
  readonly #options: AbortOptions;
  readonly #checked = new Set<Digest>();
  #session: UploadSession | undefined;

  constructor(
    layer: LayerToPush,
    id: string,
    target: PushTarget,
    output: ProgressOutput,
    options: AbortOptions,
  ) {
    this.#layer = layer;
    this.#id = id;
    this.#target = target;
    this.#output = output;
    this.#options = options;
  }

  async run(): Promise<Descriptor> {
    const { blob } = this.#layer;
    const { allowNondistributableArtifacts = false } = this.#target.endpoint;
    if (blob !== undefined && isForeign(blob) && !allowNondistributableArtifacts) {
      this.#tell('Skipped foreign layer', 'existing');
      return blob;
    }
    const known = this.#target.known(this.#layer);
    const found = known ?? (await this.#findOrMount());
    if (found === undefined) return await this.#send();
    if (known !== undefined) this.#tell('Layer already exists', 'existing');
    await this.#cancelSession();
    return found;
  }

  async #findOrMount(): Promise<Descriptor | undefined> {
    const limits = lookupLimits(await this.#size());
    if ((await this.#target.seen(this.#layer, this.#options)).length > 0) {
      const found = await this.#findExisting({ checks: 1, others: true });
      if (found !== undefined) return found;
    }
    const mounted = await this.#mount(limits.mounts);
    if (mounted !== undefined) return mounted;
    const checks = limits.checks - this.#checked.size;
    return checks > 0 ? await this.#findExisting({ ...limits, checks }) : undefined;
  }

  /** Asks whether the repository has the layer as a blob that it was seen as. */
  async #findExisting(limits: Pick<LookupLimits, 'checks' | 'others'>): Promise<Descriptor | undefined> {
    const { repository } = this.#target;
    const seen = await this.#target.seen(this.#layer, this.#options);
    for (const { metadata, isOurs } of checkCandidates(seen, repository, this.#checked, limits)) {
      const { digest } = metadata;
      this.#checked.add(digest);
      const isHere = metadata.sourceRepository === repository;
      try {
        const { size } = await this.#target.remote.blobs.stat(digest, this.#options);
        if (!isHere || !isOurs) await this.#target.remember(this.#layer, digest, this.#options);
        this.#tell('Layer already exists', 'existing');
        return this.#describe(digest, size);
      } catch (error) {
        this.#options.signal?.throwIfAborted();
        // What cannot be asked is found out when it is sent.
        if (isHere && isStowageError(error, 'NOT_FOUND')) await this.#target.forget(metadata, this.#options);
      }
    }
    return undefined;
  }

  /** Has the registry take the layer from another repository. What it begins instead is kept to be gone on with. */
  async #mount(most: number): Promise<Descriptor | undefined> {
    const { repository, name, hasAuthInfo, remote } = this.#target;
    const seen = await this.#target.seen(this.#layer, this.#options);
    let unauthorized = false;
    for (const candidate of mountCandidates(seen, repository, name.domain ?? '', most)) {
      const { metadata, isOurs, path } = candidate;
      const { digest } = metadata;
      const result = await remote.blobs.mount(digest, { ...this.#options, from: path });
      if (result.mounted) {
        const descriptor = await this.#mountedBlob(digest);
        this.#tell(`Mounted from ${path}`, 'existing');
        await this.#target.remember(this.#layer, digest, this.#options);
        return descriptor;
      }
      unauthorized ||= isUnauthorized(result);
      if (isAnswer(result) && !(unauthorized && !hasAuthInfo) && (isOurs || metadata.hmac === '')) {
        await this.#target.forget(metadata, this.#options);
      }
      if (result.session !== undefined) {
        await this.#cancelSession();
        this.#session = result.session;
      }
    }
    return undefined;
  }

  async #mountedBlob(digest: Digest): Promise<Descriptor> {
    const { blob } = this.#layer;
    if (blob !== undefined) return blob;
    const { size } = await this.#target.remote.blobs.stat(digest, this.#options);
    return this.#describe(digest, size);
  }

  async #send(): Promise<Descriptor> {
    const { blob } = this.#layer;
    const total = blob === undefined ? await this.#size() : blob.size;
    const words = { id: this.#id, action: 'Pushing', phase: 'uploading', total } as const;
    const progress = createProgressThrottle(this.#output, words);
    progress.update(0);
    const session = this.#session;
    this.#session = undefined;
    const sent =
      blob === undefined
        ? await this.#sendStream(session, progress)
        : await this.#sendBlob(blob, session, progress);
    progress.finish();
    this.#output({ id: this.#id, action: 'Pushed', phase: 'done', lastUpdate: true });
    await this.#target.remember(this.#layer, sent.digest, this.#options);
    return sent;
  }

  async #sendBlob(
    blob: Descriptor,
    session: UploadSession | undefined,
    progress: ProgressThrottle,
  ): Promise<Descriptor> {
    const { content, remote } = this.#target;
    const { digest, size } = blob;
    await remote.blobs.upload({
      ...{ ...this.#options, digest, size, session },
      open: (offset, opening) => content.open(digest, { ...opening, offset }),
      onProgress: ({ current }) => {
        progress.update(current);
      },
    });
    return blob;
  }

  /** Sends a layer that is compressed on its way. Progress counts what is read of it. */
  async #sendStream(session: UploadSession | undefined, progress: ProgressThrottle): Promise<Descriptor> {
    let read = 0;
    const counted = tapStream(await this.#layer.open(this.#options), {
      onBytes: (bytes) => {
        read += bytes.length;
        progress.update(read);
      },
    });
    const stream = await compressed(counted, this.#layer, this.#options);
    const { digest, size } = await this.#target.remote.blobs.upload({ ...this.#options, stream, session });
    return this.#describe(digest, size);
  }

  #describe(digest: Digest, size: number): Descriptor {
    const { blob, compression } = this.#layer;
    return blob ?? { mediaType: sentType(compression), digest, size };
  }

  async #size(): Promise<number | undefined> {
    try {
      return await this.#layer.size(this.#options);
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (isStowageError(error)) return undefined;
      throw error;
    }
  }

  /** Ends an upload that was begun and is not needed. How that goes is the registry's affair. */
  async #cancelSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    await this.#target.remote.blobs.cancel(session, this.#options).catch(() => undefined);
    this.#options.signal?.throwIfAborted();
  }

  #tell(action: string, phase: 'existing'): void {
    this.#output({ id: this.#id, action, phase, lastUpdate: true });
  }
}

async function compressed(
  stream: ByteStream,
  layer: LayerToPush,
  options: AbortOptions,
): Promise<ByteStream> {
  try {
    return compressLayer(stream, layer, options);
  } catch (error) {
    await stream.cancel(error);
    throw error;
  }
}

/** Whether it was the registry that did not mount. A connection that broke tells nothing. */
function isAnswer({ session, failure }: MountResult): boolean {
  return session !== undefined || (isRegistryError(failure) && failure.status !== undefined);
}

/** Whether a registry says in full that it wants to know who is asking. */
function isUnauthorized({ failure }: MountResult): boolean {
  return isRegistryError(failure) && firstFullError(failure.errors)?.code === 'UNAUTHORIZED';
}
