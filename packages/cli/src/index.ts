export type { Environment, OutputStream } from './environment.ts';
export { Interruption } from './interruption.ts';
export type { EndSignal } from './interruption.ts';
export { createProgram } from './program.ts';
export { run } from './run.ts';
