export type { CorsOptions } from './cors.ts';
export * from './registry-server.ts';
export type { RegistryLimits } from './registry-limits.ts';
export * from './to-fetch.ts';
