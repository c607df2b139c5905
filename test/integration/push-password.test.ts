import type { Storage } from '@stowage/types';
import { beforeAll, describe } from 'vitest';
import { preparePushList } from './support/push-list.ts';
import { forAlice, pushSuite, strangerTest } from './support/push-suite.ts';
import type { PushTarget } from './support/push-suite.ts';
import { useRegistries } from './support/use-registries.ts';

const registries = useRegistries();
let storage: Storage;
let target: PushTarget;
beforeAll(async () => {
  storage = await preparePushList();
  target = forAlice((await registries.startWithPassword()).host);
});

describe('docker-registry with a password', () => {
  const init = () => ({ storage, directory: registries.directory });
  pushSuite(init, () => target);
  strangerTest(init, () => target, 'UNAUTHENTICATED');
});
