export { listCatalog } from './catalog.ts';
export type { RegistryInit } from './catalog.ts';
export { parseChallenges } from './challenge.ts';
export type { Challenge } from './challenge.ts';
export {
  anonymousCredentials,
  environmentCredentials,
  firstCredentials,
  staticCredentials,
} from './credential-providers.ts';
export { validateIndexName } from './index-name.ts';
export { createLayoutRepository } from './layout-repository.ts';
export type { LayoutRepositoryInit } from './layout-repository.ts';
export { parseLinkHeader } from './link-header.ts';
export type { Link } from './link-header.ts';
export { validateMirror } from './mirror.ts';
export type { PrefixMirrors } from './prefix-mirrors.ts';
export type { NetworkOptions } from './network-options.ts';
export type { OnNotice, RateLimit, RegistryNotice } from './notice.ts';
export type { ProxySettings } from './proxy.ts';
export { createRegistryService } from './registry-service.ts';
export type { RegistryServiceInit } from './registry-service.ts';
export { createRequestLimiter } from './request-limiter.ts';
export type { RequestLimiter, RequestLimiterInit } from './request-limiter.ts';
export type { RetryOptions } from './retry.ts';
export { isSecureIndex } from './service-config.ts';
export type { HostLookup } from './service-config.ts';
export { createRepository } from './repository.ts';
export type { RepositoryInit } from './repository.ts';
export { createTokenCache } from './token-cache.ts';
export type { BearerToken, TokenCache, TokenCacheInit } from './token-cache.ts';
export { resolveAuthConfig } from '@stowage/types';
