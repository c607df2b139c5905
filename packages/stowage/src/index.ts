export type { CheckOptions, CheckReport, StoreProblem } from './check-store.ts';
export * from './image-config-store.ts';
export * from './open-stowage.ts';
export type { GarbageReport } from './garbage-collector.ts';
export type { ImageInspect, ImageSummary, InspectedLayer } from './inspect-image.ts';
export * from './pull/pull.ts';
export type * from './pull/pull-result.ts';
export type { RemoveResult } from './remove-image.ts';
export type * from './stowage.ts';
