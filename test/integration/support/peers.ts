import { findProgram, peerObstacle } from '../../../tools/programs.mjs';
import type { PeerName } from '../../../tools/programs.mjs';

/** Those of the peers that are there and can run, for `describe.each`: tests of the others are not registered. */
export function findPeers<Name extends PeerName>(...names: readonly Name[]): readonly Name[] {
  const there = names.filter((name) => [name, ...NEEDS[name]].every((one) => findProgram(one) !== undefined));
  return there.length > 0 && peerObstacle() === undefined ? there : [];
}

/** What else a peer is started with. */
const NEEDS: Readonly<Record<PeerName, readonly PeerName[]>> = {
  buildah: [],
  containerd: [],
  dockerd: ['containerd'],
  podman: [],
};
