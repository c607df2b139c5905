export type { DockerProxy } from './docker-config.ts';
export { dockerCertsDir } from './node-config-paths.ts';
export type { ConfigPathsInit } from './node-config-paths.ts';
export { fromDockerConfig, openDockerConfig } from './node-docker-config.ts';
export type { DockerConfig, DockerConfigOptions, StoredCredentials } from './node-docker-config.ts';
export { lookupHost } from './node-lookup.ts';
