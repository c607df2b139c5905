import type { AbortOptions, Descriptor, Digest } from '@stowage/types';
import { sideBySide } from '../pull/side-by-side.ts';
import { copyBeneath, note, putAll } from './copy-tree.ts';
import type { TreeCopy } from './copy-tree.ts';
import type { SourceManifest } from './source-manifest.ts';

/** A referrer, and what it refers to. */
interface Referrer {
  readonly manifest: SourceManifest;
  readonly subject: Digest;
  /** Whether the target lists it already. */
  readonly listed: boolean;
}

/**
 * Copies what refers to the manifests of a copy, and what refers to that. What a registry lists and what does not refer
 * to it is passed over.
 */
export async function copyReferrers(copy: TreeCopy, options: AbortOptions): Promise<void> {
  const asked = new Set<Digest>();
  for (;;) {
    const subjects = [...copy.manifests.keys()].filter((digest) => !asked.has(digest));
    if (subjects.length === 0) return;
    const found = new Map<Digest, readonly Referrer[]>();
    const work = async (subject: Digest, signal: AbortSignal): Promise<void> => {
      asked.add(subject);
      found.set(subject, await referrersOf(subject, copy, { signal }));
    };
    await sideBySide(subjects, copy.concurrency, work, options);
    const referrers = subjects.flatMap((subject) => found.get(subject) ?? []);
    const missing = referrers.filter(({ listed }) => !listed).map(({ manifest }) => manifest);
    await copyBeneath(missing, copy, options);
    await putAll(missing, copy, options);
    for (const { manifest, subject, listed } of referrers) {
      note(copy, manifest, listed ? 'existing' : 'sent', subject);
    }
  }
}

async function referrersOf(subject: Digest, copy: TreeCopy, options: AbortOptions): Promise<Referrer[]> {
  const { source, target } = copy;
  const entries = await source.referrers(subject, options);
  if (entries.length === 0) return [];
  const listed = new Set<Digest>();
  for await (const { digest } of target.repository.referrers(subject, options)) listed.add(digest);
  const referrers: Referrer[] = [];
  const work = async (entry: Descriptor, signal: AbortSignal): Promise<void> => {
    const manifest = await source.manifest(entry, { signal });
    if (manifest.subject === subject) referrers.push({ manifest, subject, listed: listed.has(entry.digest) });
  };
  await sideBySide(entries, copy.concurrency, work, options);
  return referrers;
}
