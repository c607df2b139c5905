import { isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { validateMirror } from './mirror.ts';

function refusal(mirror: string): string {
  try {
    validateMirror(mirror);
  } catch (error) {
    if (isStowageError(error, 'INVALID_ARGUMENT')) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('validateMirror', () => {
  it.each([
    ['http://mirror-1.example', 'http://mirror-1.example/'],
    ['http://mirror-1.example/', 'http://mirror-1.example/'],
    ['https://localhost:5000', 'https://localhost:5000/'],
    ['https://127.0.0.1:5000/', 'https://127.0.0.1:5000/'],
    ['https://[::1]:5000', 'https://[::1]:5000/'],
    ['HTTPS://mirror.example', 'https://mirror.example/'],
    ['https://mirror.example#', 'https://mirror.example/'],
  ])('accepts %s', (mirror, normal) => {
    expect(validateMirror(mirror)).toBe(normal);
  });

  it.each([
    ['ftp://mirror.example', 'invalid mirror: unsupported scheme "ftp" in "ftp://mirror.example"'],
    ['example.com:5000', 'invalid mirror: unsupported scheme "example.com" in "example.com:5000"'],
    ['mirror.example', 'invalid mirror: unsupported scheme "" in "mirror.example"'],
    ['', 'invalid mirror: unsupported scheme "" in ""'],
    ['!invalid!://%as%', 'invalid mirror: "!invalid!://%as%" is not a valid URI'],
    ['127.0.0.1:5000', 'invalid mirror: "127.0.0.1:5000" is not a valid URI'],
    ['http://a b', 'invalid mirror: "http://a b" is not a valid URI'],
    ['http://a\nb', 'invalid mirror: "http://a\\nb" is not a valid URI'],
    ['http:\\\\a', 'invalid mirror: "http:\\\\\\\\a" is not a valid URI'],
    ['http://a/%zz', 'invalid mirror: "http://a/%zz" is not a valid URI'],
    ['http:mirror.example', 'invalid mirror: "http:mirror.example" is not a valid URI'],
    ['http:///v1', 'invalid mirror: "http:///v1" is not a valid URI'],
    ['http://a:99999', 'invalid mirror: "http://a:99999" is not a valid URI'],
    ['http://a/v1/', 'invalid mirror: path, query, or fragment at end of the URI "http://a/v1/"'],
    ['http://a//', 'invalid mirror: path, query, or fragment at end of the URI "http://a//"'],
    ['https://a?q', 'invalid mirror: path, query, or fragment at end of the URI "https://a?q"'],
    [
      'https://user:$&secret@a/?q',
      'invalid mirror: path, query, or fragment at end of the URI "https://user:xxxxx@a/?q"',
    ],
    ['http://a/#f', 'invalid mirror: path, query, or fragment at end of the URI "http://a/#f"'],
    [
      'https://user:secret@a/',
      'invalid mirror: username/password not allowed in URI "https://user:xxxxx@a/"',
    ],
    ['https://user@a', 'invalid mirror: username/password not allowed in URI "https://user:xxxxx@a"'],
  ])('refuses %j', (mirror, message) => {
    expect(refusal(mirror)).toBe(message);
  });
});
