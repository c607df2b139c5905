import { parseDigest } from '@stowage/types';
import type { AbortOptions, Digest } from '@stowage/types';
import { unlessMissing } from '../access/unless-missing.ts';
import { sideBySide } from '../pull/side-by-side.ts';
import { copyBeneath, note } from './copy-tree.ts';
import type { TreeCopy } from './copy-tree.ts';
import type { SourceManifest } from './source-manifest.ts';

/** What the tags end with by which cosign finds signatures, attestations and SBOMs. */
const ENDINGS = ['.sig', '.att', '.sbom'] as const;

/** A manifest under a tag that is made of the digest of another one. */
interface TaggedManifest {
  readonly tag: string;
  readonly subject: Digest;
  readonly manifest: SourceManifest;
}

/** Copies what the source has under the tags that cosign makes of the digests of a copy: `sha256-<hex>.sig` and others. */
export async function copyDigestTags(copy: TreeCopy, options: AbortOptions): Promise<void> {
  const wanted = [...copy.manifests.keys()].flatMap((subject) => {
    const { algorithm, encoded } = parseDigest(subject);
    return ENDINGS.map((ending) => ({ subject, tag: `${algorithm}-${encoded}${ending}` }));
  });
  const found = new Map<string, TaggedManifest>();
  const look = async (one: (typeof wanted)[number], signal: AbortSignal): Promise<void> => {
    const manifest = await copy.source.tagged(one.tag, { signal });
    if (manifest !== undefined) found.set(one.tag, { ...one, manifest });
  };
  await sideBySide(wanted, copy.concurrency, look, options);
  for (const { tag } of wanted) {
    const tagged = found.get(tag);
    if (tagged !== undefined) await copyTagged(tagged, copy, options);
  }
}

async function copyTagged(
  { tag, subject, manifest }: TaggedManifest,
  copy: TreeCopy,
  options: AbortOptions,
): Promise<void> {
  const { manifests } = copy.target.repository;
  const { digest, mediaType } = manifest.descriptor;
  const named = await unlessMissing(manifests.head(tag, options));
  if (named?.digest !== digest) {
    await copyBeneath([manifest], copy, options);
    await manifests.put(tag, manifest.bytes, mediaType, options);
  }
  note(copy, manifest, named?.digest === digest ? 'existing' : 'sent', subject);
}
