import {
  decodeGoJson,
  encodeGoJson,
  formatReference,
  isDigest,
  isStowageError,
  MEDIA_TYPES,
  parseIndex,
  parseNormalizedNamed,
  storedReference,
  StowageError,
} from '@stowage/types';
import type { AbortOptions, Bytes, Descriptor, ImageID, MetadataStore, Reference } from '@stowage/types';

const NAMESPACE = 'layout';
const KEY = 'index.json';
const REF_NAME = 'org.opencontainers.image.ref.name';
const CONTAINERD_NAME = 'io.containerd.image.name';
const IMAGE_ID = 'dev.stowage.image.id';
/** The longest index that is read or written, in bytes: more than 30,000 names. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Members that are written anew. */
const OWN_MEMBERS: ReadonlySet<string> = new Set(['schemaversion', 'mediatype', 'manifests']);

/** A name that an entry of the index gives to an image. */
export interface NamedEntry {
  /** The full name, as {@link formatReference} writes it. */
  readonly name: string;
  readonly reference: Reference;
  readonly imageId: ImageID;
  readonly target: Descriptor;
}

/** An entry of the index, as it is in the file. */
interface Entry {
  /** What was parsed from the file, or what will be written to it. */
  readonly written: unknown;
  readonly descriptor: Descriptor;
  /** What it names; nothing where another tool wrote it. */
  readonly named: NamedEntry | undefined;
}

/**
 * The `index.json` of an OCI image layout (image-spec, "Image Layout"). Entries keep their order; those of other tools,
 * and members that are unknown here, stay as they are.
 */
export class LayoutIndex {
  #entries: Entry[] = [];
  #changed = false;
  #otherMembers: Readonly<Record<string, unknown>> = {};

  /**
   * Reads the index of a storage; one that is not there is empty.
   *
   * @throws `DATA_LOSS` when it is damaged
   */
  static async read(metadata: MetadataStore, options?: AbortOptions): Promise<LayoutIndex> {
    const bytes = await metadata.get(NAMESPACE, KEY, options);
    const index = new LayoutIndex();
    if (bytes !== undefined) index.#parse(bytes);
    return index;
  }

  /**
   * Writes the index back where something in it has changed.
   *
   * @throws `LIMIT_EXCEEDED` where it has become longer than anybody would read
   */
  async write(metadata: MetadataStore, options?: AbortOptions): Promise<void> {
    if (!this.#changed) return;
    const manifests = this.#entries.map(({ written }) => written);
    const document = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests, ...this.#otherMembers };
    const bytes = encodeGoJson(document);
    if (bytes.length > MAX_BYTES) {
      throw new StowageError('LIMIT_EXCEEDED', `${KEY} would be longer than ${MAX_BYTES} bytes`);
    }
    await metadata.set(NAMESPACE, KEY, bytes, options);
  }

  /** The names that are given to images, in the order of the file. */
  get names(): readonly NamedEntry[] {
    return this.#entries.flatMap(({ named }) => named ?? []);
  }

  /** What other tools have put there, in the order of the file. */
  get others(): readonly Descriptor[] {
    return this.#entries.filter(({ named }) => named === undefined).map(({ descriptor }) => descriptor);
  }

  find(name: string): NamedEntry | undefined {
    return this.names.find((entry) => entry.name === name);
  }

  /** Adds a name at the end, or gives it another meaning where it stands. */
  set(reference: Reference, imageId: ImageID, target: Descriptor): void {
    const name = formatReference(reference);
    const existing = this.find(name);
    if (existing?.imageId === imageId && sameDescriptor(existing.target, target)) return;
    const annotations = {
      ...target.annotations,
      [REF_NAME]: name,
      [CONTAINERD_NAME]: name,
      [IMAGE_ID]: imageId,
    };
    const descriptor = { ...target, annotations };
    const named = { name, reference, imageId, target };
    const entry: Entry = { written: descriptor, descriptor, named };
    const at = this.#entries.findIndex(({ named }) => named?.name === name);
    if (at < 0) this.#entries.push(entry);
    else this.#entries[at] = entry;
    this.#changed = true;
  }

  remove(name: string): void {
    this.#entries = this.#entries.filter(({ named }) => named?.name !== name);
    this.#changed = true;
  }

  #parse(bytes: Bytes): void {
    try {
      const { manifests } = parseIndex(bytes, { maxBytes: MAX_BYTES });
      // What is written back is taken from here: the parser above drops members that are null.
      const raw = Object.entries(decodeGoJson(bytes, { maxBytes: MAX_BYTES }) as Record<string, unknown>);
      const written = raw.findLast(([name]) => name.toLowerCase() === 'manifests')?.[1];
      const otherMembers = Object.fromEntries(raw.filter(([name]) => !OWN_MEMBERS.has(name.toLowerCase())));
      const entries = (written ?? []) as readonly unknown[];
      const seen = new Set<string>();
      for (const [at, descriptor] of manifests.entries()) {
        const named = parseEntry(descriptor);
        // One name has one meaning, the first; an entry that repeats it is dropped with the next change.
        if (named !== undefined && seen.has(named.name)) continue;
        if (named !== undefined) seen.add(named.name);
        this.#entries.push({ written: entries[at], descriptor, named });
      }
      this.#otherMembers = otherMembers;
    } catch (error) {
      if (!isStowageError(error)) throw error;
      throw new StowageError('DATA_LOSS', `${KEY} is damaged: ${error.message}`, { cause: error });
    }
  }
}

/** Reads what an entry names, or nothing where it is not one of ours. */
function parseEntry(descriptor: Descriptor): NamedEntry | undefined {
  const {
    annotations: { [REF_NAME]: name, [CONTAINERD_NAME]: _, [IMAGE_ID]: imageId, ...others } = {},
    ...target
  } = descriptor;
  if (name === undefined || imageId === undefined || !isDigest(imageId)) return undefined;
  const reference = parseStored(name);
  if (reference === undefined) return undefined;
  return {
    name,
    reference,
    imageId: imageId as ImageID,
    target: Object.keys(others).length === 0 ? target : { ...target, annotations: others },
  };
}

/** Parses a name that is in the form in which names are stored. */
function parseStored(name: string): Reference | undefined {
  try {
    const reference = storedReference(parseNormalizedNamed(name));
    return formatReference(reference) === name ? reference : undefined;
  } catch {
    return undefined;
  }
}

function sameDescriptor(a: Descriptor, b: Descriptor): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
