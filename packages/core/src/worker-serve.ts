import { serveDeflate } from './deflate/deflate-serve.ts';
import { WorkerJob } from './layer-stage/worker-job.ts';
import { BufferPool, PROTOCOL } from './workers/worker-protocol.ts';
import type { ToWorker, WorkerPort } from './workers/worker-protocol.ts';

/** Serves the jobs that come over a port, any number at a time, until the worker is ended. */
export function serve(port: WorkerPort): void {
  const jobs = new Map<number, WorkerJob>();
  const buffers = new BufferPool();
  port.onMessage((message) => {
    if (message.type === 'hello') {
      port.post({ type: 'ready', protocol: PROTOCOL }, []);
      return;
    }
    const job = jobs.get(message.job);
    switch (message.type) {
      case 'begin':
        jobs.set(message.job, new WorkerJob(port, buffers, message, () => jobs.delete(message.job)));
        break;
      case 'input':
        if (job === undefined) giveBack(port, message);
        else job.input(message);
        break;
      case 'release':
        if (message.buffer !== undefined) buffers.put(message.buffer);
        job?.released();
        break;
      case 'end':
        job?.end();
        break;
      case 'deflate':
        serveDeflate(port, message);
        break;
      case 'cancel':
        job?.cancel();
        break;
    }
  });
}

/** What comes for a job that has failed goes back as it is. */
function giveBack(port: WorkerPort, { job, buffer }: Extract<ToWorker, { type: 'input' }>): void {
  port.post({ type: 'taken', job, buffer }, [buffer]);
}
