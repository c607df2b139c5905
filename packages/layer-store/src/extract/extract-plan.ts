import { StowageError } from '@stowage/types';
import type { LayerEntry, LayerReader } from '@stowage/types';
import type { TarLayerEntry } from '../content/layer-entry.ts';
import type { TreeNode } from '../tree/tree-node.ts';
import { DEFAULT_EXTRACT_LIMITS } from './extract-options.ts';
import type { ExtractLimits } from './extract-options.ts';
import { byteLength, checkBytes, checkFileName } from './file-names.ts';
import type { NameRules } from './file-names.ts';

/** A name to make, and what it says of owner, mode and times. */
export interface PlannedEntry {
  /** The path in the image, which no link is part of. */
  readonly path: string;
  readonly entry: TarLayerEntry;
}

/** A file to write, and the other names that it has. */
export interface PlannedFile extends PlannedEntry {
  readonly links: string[];
}

/** Everything that a directory will have in it, in the end: nothing is written that another layer takes away again. */
export interface ExtractPlan {
  readonly root: LayerEntry;
  /** Each before what is in it; the root is not among them. */
  readonly directories: readonly PlannedEntry[];
  /** The files with content in each layer, by where that begins in its tar. */
  readonly files: ReadonlyMap<LayerReader, ReadonlyMap<number, PlannedFile>>;
  readonly symlinks: readonly PlannedEntry[];
  /** Devices and fifos. */
  readonly specials: readonly PlannedFile[];
  /** How many names there are. */
  readonly entries: number;
  /** Bytes of content, holes not counted. */
  readonly bytes: number;
}

/** How a plan is checked. */
export interface PlanOptions {
  readonly limits?: ExtractLimits | undefined;
  /** What names can be. */
  readonly names: NameRules;
}

/**
 * Plans how a merged tree is written.
 *
 * @throws `INVALID_ARCHIVE` for what cannot be a file, `LIMIT_EXCEEDED`, `UNSUPPORTED` for names that cannot be made here
 */
export function planExtraction(root: TreeNode, options: PlanOptions): ExtractPlan {
  const planner = new Planner(options);
  planner.walk(root);
  return planner.plan(root);
}

class Planner {
  readonly #names: NameRules;
  readonly #limits: { readonly [Name in keyof ExtractLimits]-?: number };
  readonly #directories: PlannedEntry[] = [];
  readonly #files = new Map<LayerReader, Map<number, PlannedFile>>();
  readonly #symlinks: PlannedEntry[] = [];
  readonly #specials = new Map<LayerEntry, PlannedFile>();
  #entries = 0;
  #bytes = 0;

  constructor({ limits = {}, names }: PlanOptions) {
    const given = Object.entries(limits).filter(([, value]) => value !== undefined);
    this.#limits = { ...DEFAULT_EXTRACT_LIMITS, ...Object.fromEntries(given) };
    this.#names = names;
  }

  walk(root: TreeNode): void {
    const stack = [{ node: root, path: '', length: -1 }];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      for (const node of top.node.children?.values() ?? []) {
        const path = top.path === '' ? node.name : `${top.path}/${node.name}`;
        const length = top.length + 1 + this.#check(node.name, path);
        if (length > this.#limits.maxPathLength)
          throw this.#limit('a path', this.#limits.maxPathLength, path);
        this.#add(node, path);
        if (node.children !== undefined) stack.push({ node, path, length });
      }
    }
  }

  plan(root: TreeNode): ExtractPlan {
    return {
      root: root.entry,
      directories: this.#directories,
      files: this.#files,
      symlinks: this.#symlinks,
      specials: [...this.#specials.values()],
      entries: this.#entries,
      bytes: this.#bytes,
    };
  }

  /** The length of a name in bytes. */
  #check(name: string, path: string): number {
    checkFileName(name, path, this.#names);
    const length = byteLength(name);
    if (length > this.#limits.maxNameLength) throw this.#limit('a name', this.#limits.maxNameLength, path);
    return length;
  }

  #add(node: TreeNode, path: string): void {
    this.#entries++;
    const { entry, layer } = node.source ?? node;
    switch (entry.type) {
      case 'dir':
        this.#directories.push({ path, entry });
        break;
      case 'symlink':
        this.#addSymlink({ path, entry });
        break;
      case 'hardlink':
        throw invalid(`hard link to a missing file: ${path} -> ${entry.linkname ?? ''}`);
      case 'file':
        this.#addFile(path, entry, layer);
        break;
      default:
        addName(this.#specials, entry, path, entry);
    }
  }

  #addSymlink(planned: PlannedEntry): void {
    const { linkname = '' } = planned.entry;
    if (linkname === '' || linkname.includes('\0')) {
      throw invalid(`not a target of a symbolic link: ${planned.path} -> ${JSON.stringify(linkname)}`);
    }
    checkBytes(linkname, planned.path, this.#names);
    this.#symlinks.push(planned);
  }

  #addFile(path: string, entry: TarLayerEntry, layer: LayerReader): void {
    let files = this.#files.get(layer);
    if (files === undefined) this.#files.set(layer, (files = new Map<number, PlannedFile>()));
    if (!addName(files, entry.offset, path, entry)) return;
    this.#bytes += entry.sparse?.storedSize ?? entry.size;
    if (this.#bytes > this.#limits.maxBytes) {
      throw new StowageError(
        'LIMIT_EXCEEDED',
        `extraction refused: more than ${this.#limits.maxBytes} bytes`,
      );
    }
  }

  #limit(what: string, most: number, path: string): StowageError {
    const shown = JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}...` : path);
    return new StowageError(
      'LIMIT_EXCEEDED',
      `extraction refused: ${what} of more than ${most} bytes: ${shown}`,
    );
  }
}

/** Whether a file is new to the map; a further name of one that is there becomes a hard link. */
function addName<Key>(files: Map<Key, PlannedFile>, key: Key, path: string, entry: LayerEntry): boolean {
  const file = files.get(key);
  if (file === undefined) files.set(key, { path, entry, links: [] });
  else file.links.push(path);
  return file === undefined;
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', message);
}
