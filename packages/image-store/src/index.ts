export * from './check-images.ts';
export * from './image-store.ts';
export * from './reference-store.ts';
