import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { credentialFiles, dockerCertsDir, dockerConfigFile } from './node-config-paths.ts';
import { makeHelperDirectory } from '../test-support/helper-directory.ts';

const HOME = '/home/ann';

describe('credentialFiles', () => {
  it.each<[Record<string, string>, string[]]>([
    [{}, ['/home/ann/.docker/config.json', '/home/ann/.config/containers/auth.json']],
    [
      { XDG_RUNTIME_DIR: '/run/user/1', XDG_CONFIG_HOME: '/cfg' },
      ['/home/ann/.docker/config.json', '/run/user/1/containers/auth.json', '/cfg/containers/auth.json'],
    ],
    // The specification has relative paths ignored.
    [
      { XDG_RUNTIME_DIR: 'run', XDG_CONFIG_HOME: 'cfg' },
      ['/home/ann/.docker/config.json', '/home/ann/.config/containers/auth.json'],
    ],
    [{ DOCKER_CONFIG: '/etc/d', XDG_RUNTIME_DIR: '/run/user/1' }, ['/etc/d/config.json']],
    [{ REGISTRY_AUTH_FILE: '/a.json' }, ['/a.json']],
    [{ REGISTRY_AUTH_FILE: '/a.json', DOCKER_CONFIG: '/etc/d' }, ['/a.json', '/etc/d/config.json']],
    [
      { REGISTRY_AUTH_FILE: '', DOCKER_CONFIG: '' },
      ['/home/ann/.docker/config.json', '/home/ann/.config/containers/auth.json'],
    ],
  ])('with %j', (env, files) => {
    expect(credentialFiles({ env, home: HOME })).toEqual(files);
  });
});

describe('dockerConfigFile', () => {
  it("is docker's alone", () => {
    expect(dockerConfigFile({ env: { REGISTRY_AUTH_FILE: '/a.json' }, home: HOME })).toBe(
      '/home/ann/.docker/config.json',
    );
    expect(dockerConfigFile({ env: { DOCKER_CONFIG: '/etc/d' }, home: HOME })).toBe('/etc/d/config.json');
  });

  it('is of the process unless told otherwise', () => {
    expect(dockerConfigFile()).toMatch(/config\.json$/);
    expect(credentialFiles().length).toBeGreaterThan(0);
  });
});

describe('dockerCertsDir', () => {
  it("is the user's where there is one, else the system's", async () => {
    await using directory = await makeHelperDirectory();
    const env = { XDG_CONFIG_HOME: directory.path };
    expect(dockerCertsDir({ env, home: HOME })).toBe('/etc/docker/certs.d');
    const own = join(directory.path, 'docker', 'certs.d');
    await mkdir(own, { recursive: true });
    expect(dockerCertsDir({ env, home: HOME })).toBe(own);
  });
});
