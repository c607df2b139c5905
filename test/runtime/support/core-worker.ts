// The whole program of a worker that a page makes itself.
import { serveWorker } from '@stowage/core/worker';

serveWorker();
