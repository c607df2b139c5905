export { extract } from './extract/extract.ts';
export { DEFAULT_EXTRACT_LIMITS } from './extract/extract-options.ts';
export type {
  ExtractLimits,
  ExtractOptions,
  ExtractProgress,
  ExtractResult,
  Omission,
} from './extract/extract-options.ts';
