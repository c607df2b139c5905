import { asDigest } from '@stowage/types';
import type { Digest } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { checkCandidates, mountCandidates, rankByLikeness } from './rank-metadata.ts';
import type { SeenLayer } from './rank-metadata.ts';

const digest = (letter: string): Digest => asDigest(`sha256:${letter.repeat(64)}`);
const TARGET = 'docker.io/team/app';

/** `letter repository`, with `!` behind it where the credentials are ours. */
function seen(...places: readonly string[]): SeenLayer[] {
  return places.map((place) => {
    const [letter = '', sourceRepository = ''] = place.replace('!', '').split(' ');
    const isOurs = place.endsWith('!');
    return { metadata: { digest: digest(letter), sourceRepository, hmac: isOurs ? 'aa' : '' }, isOurs };
  });
}

const names = (list: readonly SeenLayer[]): string[] =>
  list.map(({ metadata }) => `${metadata.digest.at(-1) ?? ''} ${metadata.sourceRepository}`);

describe('rankByLikeness', () => {
  it('puts our own first, then what begins alike, then the youngest', () => {
    const ranked = rankByLikeness(
      seen(
        'a docker.io/other/x',
        'b docker.io/team/x',
        'c quay.io/team/app',
        'd docker.io/team/y',
        'e quay.io/x/y!',
      ),
      TARGET,
    );
    expect(names(ranked)).toEqual([
      'e quay.io/x/y',
      'd docker.io/team/y',
      'b docker.io/team/x',
      'a docker.io/other/x',
      'c quay.io/team/app',
    ]);
  });

  it('counts leading components, the target itself the most', () => {
    expect(
      names(rankByLikeness(seen('a docker.io/team/app', 'b docker.io/team', 'c docker.io/team/ap'), TARGET)),
    ).toEqual(['a docker.io/team/app', 'c docker.io/team/ap', 'b docker.io/team']);
  });
});

describe('mountCandidates', () => {
  it('are other repositories of the same registry', () => {
    const places = seen(
      'a docker.io/team/app',
      'b quay.io/team/x',
      'c ',
      'd Not A Name',
      'e docker.io/team/x',
      'f docker.io/a/b',
    );
    const candidates = mountCandidates(places, TARGET, 'docker.io', 4);
    expect(candidates.map(({ path }) => path)).toEqual(['team/x', 'a/b']);
  });

  it('are no more than asked for', () => {
    const places = seen('a docker.io/a/a', 'b docker.io/b/b', 'c docker.io/c/c');
    expect(mountCandidates(places, TARGET, 'docker.io', 2).map(({ path }) => path)).toEqual(['c/c', 'b/b']);
    expect(mountCandidates(places, TARGET, 'docker.io', 0)).toEqual([]);
  });
});

describe('checkCandidates', () => {
  const places = seen(
    'a docker.io/team/x',
    'b docker.io/team/app',
    'a docker.io/team/app',
    'c ',
    'd quay.io/x/y',
  );

  it('are blobs of the target and those of unknown places', () => {
    const chosen = checkCandidates(places, TARGET, new Set(), { checks: 9, others: false });
    expect(names(chosen)).toEqual(['a docker.io/team/app', 'b docker.io/team/app', 'c ']);
  });

  it('are of other places too where that is wanted, each blob once', () => {
    const chosen = checkCandidates(places, TARGET, new Set([digest('b')]), { checks: 3, others: true });
    expect(names(chosen)).toEqual(['a docker.io/team/app', 'd quay.io/x/y', 'c ']);
    expect(checkCandidates(places, TARGET, new Set(), { checks: 1, others: true })).toHaveLength(1);
  });
});
