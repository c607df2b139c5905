import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

const SECRET = 'of the host';

/** A directory with a place to extract to in it, and things beside that must stay as they are. */
export interface Outside {
  readonly folder: string;
  /** Where to extract to; neither it nor the directory above it is there. */
  readonly to: string;
  /** The directory that layers try to get at. */
  readonly path: string;
  /** Its only file. */
  readonly secret: string;
  /** Nothing beside the target has come, gone or changed. */
  expectUntouched(): void;
  remove(): void;
}

/** Makes such a directory anew. */
export function makeOutside(): Outside {
  const folder = fs.mkdtempSync(join(tmpdir(), 'stowage-hostile-'));
  const path = join(folder, 'outside');
  const secret = join(path, 'secret');
  fs.mkdirSync(path);
  fs.writeFileSync(secret, SECRET, { mode: 0o600 });
  fs.utimesSync(secret, 1, 1);
  return {
    ...{ folder, path, secret, to: join(folder, 'to/root') },
    expectUntouched: () => {
      expect(fs.readdirSync(folder).filter((name) => name !== 'to')).toEqual(['outside']);
      expect(fs.readdirSync(path)).toEqual(['secret']);
      expect(fs.readFileSync(secret, 'utf8')).toBe(SECRET);
      const { mode, mtimeMs, nlink, uid } = fs.statSync(secret);
      expect([mode & 0o7777, mtimeMs, nlink, uid]).toEqual([0o600, 1000, 1, process.geteuid?.()]);
    },
    remove: () => {
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
