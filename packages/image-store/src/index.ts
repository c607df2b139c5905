export * from './check/check-images.ts';
export * from './distribution-metadata/v2-metadata-hmac.ts';
export * from './distribution-metadata/v2-metadata-service.ts';
export * from './image/child-image.ts';
export * from './image/image-store.ts';
export * from './reference/reference-store.ts';
