import {
  buildOciManifest,
  createDigestSet,
  createProgressAggregate,
  encodeGoJson,
  familiarString,
  formatJsonProgress,
  formatPlatform,
  httpStatusOf,
  isStowageError,
  onlyPlatform,
  parseAnyReference,
  parseDigest,
  parseImageConfig,
  parseManifest,
  parsePlatform,
  redactText,
  selectPlatforms,
} from '@stowage/types';
import type { Bytes, Digest } from '@stowage/types';

const DIGEST = `sha256:${'12ab'.repeat(16)}` as Digest;

/** A little of everything that the package does, as text: the same wherever it runs. */
export function typesReport(): readonly string[] {
  const set = createDigestSet();
  set.add(DIGEST);
  const wanted = parsePlatform('linux/arm64/v8');
  const entries = [{ platform: parsePlatform('linux/arm/v7') }, { platform: wanted }];
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: DIGEST, size: 2 };
  const manifest = buildOciManifest({ config, layers: [] });
  const aggregate = createProgressAggregate({ clock: { now: () => 0 } });
  aggregate.feed({ id: 'a', action: 'Downloading', current: 50, total: 100 });
  return [
    parseDigest(DIGEST).encoded.slice(0, 4),
    set.lookup('12'),
    familiarString(parseAnyReference('docker.io/library/ubuntu:24.04')),
    codeOf(() => parseAnyReference('Not A Name')),
    selectPlatforms(onlyPlatform(wanted), entries)
      .map(({ platform }) => formatPlatform(platform))
      .join(),
    textOf(manifest),
    parseManifest(manifest).kind,
    parseImageConfig(textEncoder.encode('{"rootfs":{"type":"layers","diff_ids":[]}}')).rootfs.type,
    textOf(encodeGoJson({ html: '<&>', big: 12_345_678_901n })),
    formatJsonProgress({ id: 'a', action: 'Downloading', current: 1, total: 2 }),
    JSON.stringify(aggregate.snapshot()),
    redactText('Get "https://me:secret@r.example/v2/?sig=1": EOF'),
  ];
}

const textEncoder = new TextEncoder();

function textOf(bytes: Bytes): string {
  return new TextDecoder().decode(bytes);
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'no error';
  } catch (error) {
    return isStowageError(error) ? `${error.code} ${String(httpStatusOf(error))}` : String(error);
  }
}
