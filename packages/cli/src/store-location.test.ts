import { describe, expect, it } from 'vitest';
import { storeLocation } from './store-location.ts';

const at = (env: Record<string, string>, store?: string) =>
  storeLocation({ store, env, cwd: '/home/me/project', home: '/home/me' });

describe('the store', () => {
  it.each([
    [at({ STOWAGE_STORE: '/env', XDG_DATA_HOME: '/data' }, '/flag'), '/flag'],
    [at({}, 'relative/flag'), '/home/me/project/relative/flag'],
    [at({ STOWAGE_STORE: '/env', XDG_DATA_HOME: '/data' }), '/env'],
    [at({ STOWAGE_STORE: 'env' }), '/home/me/project/env'],
    [at({ STOWAGE_STORE: '', XDG_DATA_HOME: '/data' }), '/data/stowage'],
    [at({}), '/home/me/.local/share/stowage'],
    // The specification says that a relative path is invalid and must be ignored.
    [at({ XDG_DATA_HOME: 'data' }), '/home/me/.local/share/stowage'],
    [at({ XDG_DATA_HOME: '' }), '/home/me/.local/share/stowage'],
  ])('is at %s', (actual, expected) => {
    expect(actual.replaceAll('\\', '/')).toMatch(new RegExp(`${expected}$`));
  });
});
