// What the workers of this package run: `tools/build-generated.ts` makes one text of it and of what it imports.
import { serveWorker } from './worker.ts';

serveWorker();
