import { describe, expect, it } from 'vitest';
import { asDigest } from '../digest/digest.ts';
import { isStoredDescriptor, storedDescriptor } from './stored-descriptor.ts';

const digest = asDigest(`sha256:${'a'.repeat(64)}`);
const plain = { mediaType: 'application/octet-stream', digest, size: 3 };
const full = { ...plain, urls: ['https://example.org/blob'], annotations: { key: 'value' } };

describe('storedDescriptor', () => {
  it('keeps what says how the blob is had, and not the blob', () => {
    expect(storedDescriptor({ ...full, data: 'YWJj', artifactType: 'text/plain' })).toEqual(full);
    expect(storedDescriptor(plain)).toEqual(plain);
  });

  it('makes what isStoredDescriptor takes', () => {
    for (const descriptor of [plain, full]) {
      expect(isStoredDescriptor(JSON.parse(JSON.stringify(storedDescriptor(descriptor))))).toBe(true);
    }
  });
});

describe('isStoredDescriptor', () => {
  it.each([
    null,
    'text',
    [],
    {},
    { ...plain, mediaType: 1 },
    { ...plain, digest: 'sha256:short' },
    { ...plain, digest: 1 },
    { ...plain, size: -1 },
    { ...plain, size: 1.5 },
    { ...plain, size: '3' },
    { ...plain, urls: 'https://example.org' },
    { ...plain, urls: [1] },
    { ...plain, annotations: [] },
    { ...plain, annotations: { key: 1 } },
  ])('refuses %j', (value) => {
    expect(isStoredDescriptor(value)).toBe(false);
  });
});
