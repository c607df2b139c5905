export type { DockerProxy } from './credentials/docker-config.ts';
export { dockerCertsDir } from './credentials/node-config-paths.ts';
export type { ConfigPathsInit } from './credentials/node-config-paths.ts';
export { fromDockerConfig, openDockerConfig } from './credentials/node-docker-config.ts';
export type {
  DockerConfig,
  DockerConfigOptions,
  StoredCredentials,
} from './credentials/node-docker-config.ts';
export { createLayoutFetch } from './repository/node-layout-fetch.ts';
export { lookupHost } from './service/node-lookup.ts';
