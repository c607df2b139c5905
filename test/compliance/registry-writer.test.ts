import { createRepository } from '@stowage/registry';
import { describe, expect, it } from 'vitest';
import { registryWriterSuite } from './registry-writer-suite.ts';

describe('@stowage/registry', () => {
  registryWriterSuite({ describe, it, expect }, (name, fetch) =>
    createRepository({
      endpoint: { url: 'http://127.0.0.1', mirror: false, official: false, insecure: false },
      name,
      actions: ['pull', 'push'],
      retry: { firstDelay: 1 },
      fetch,
    }),
  );
});
