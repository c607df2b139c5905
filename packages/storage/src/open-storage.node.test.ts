import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openStorage } from './open-storage.ts';

it('opens files where a root is given', async () => {
  const sandbox = await mkdtemp(join(tmpdir(), 'stowage-open-'));
  try {
    const storage = await openStorage({ root: join(sandbox, 'root') });
    await storage.close();
    expect((await readdir(join(sandbox, 'root'))).sort()).toEqual([
      'blobs',
      'index.json',
      'ingest',
      'oci-layout',
    ]);
  } finally {
    await rm(sandbox, { recursive: true });
  }
});
