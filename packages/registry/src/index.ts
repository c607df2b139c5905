export { listCatalog } from './repository/catalog.ts';
export type { RegistryInit } from './repository/catalog.ts';
export { parseChallenges } from './header/challenge.ts';
export type { Challenge } from './header/challenge.ts';
export {
  anonymousCredentials,
  environmentCredentials,
  firstCredentials,
  staticCredentials,
} from './credentials/credential-providers.ts';
export { validateIndexName } from './address/index-name.ts';
export { createLayoutRepository } from './repository/layout-repository.ts';
export type { LayoutRepositoryInit } from './repository/layout-repository.ts';
export { parseLinkHeader } from './header/link-header.ts';
export type { Link } from './header/link-header.ts';
export { validateMirror } from './address/mirror.ts';
export type { PrefixMirrors } from './address/prefix-mirrors.ts';
export type { NetworkOptions } from './transport/network-options.ts';
export type { OnNotice, RateLimit, RegistryNotice } from './transport/notice.ts';
export type { ConnectionOptions } from './platform/connection-options.ts';
export type { ProxySettings } from './platform/proxy.ts';
export { createRegistryService } from './service/registry-service.ts';
export type { RegistryServiceInit } from './service/registry-service.ts';
export { createRequestLimiter } from './transport/request-limiter.ts';
export type { RequestLimiter, RequestLimiterInit } from './transport/request-limiter.ts';
export type { RetryOptions } from './transport/retry.ts';
export { isSecureIndex } from './service/service-config.ts';
export type { HostLookup } from './service/service-config.ts';
export { createRepository } from './repository/repository.ts';
export type { RepositoryInit } from './repository/repository.ts';
export { createTokenCache } from './auth/token-cache.ts';
export type { BearerToken, TokenCache, TokenCacheInit } from './auth/token-cache.ts';
export { resolveAuthConfig } from '@stowage/types';
