export * from './check/check-images.ts';
export * from './image/child-image.ts';
export * from './image/image-store.ts';
export * from './reference/reference-store.ts';
