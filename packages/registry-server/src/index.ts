export type { CorsOptions } from './cors.ts';
export * from './registry-server.ts';
export type { RegistryLimits } from './server-context.ts';
export * from './to-fetch.ts';
