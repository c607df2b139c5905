export * from './image-store.ts';
export * from './reference-store.ts';
