import { encodeError } from '../workers/worker-error.ts';
import type { DeflateTask, WorkerPort } from '../workers/worker-protocol.ts';
import { createWasmDeflateEngine } from './deflate-wasm.ts';

/** Done when the latest segment is. */
let queue: Promise<void> = Promise.resolve();

/** Compresses a segment in a worker. The results leave in the order in which the segments came. */
export function serveDeflate(port: WorkerPort, task: DeflateTask): void {
  queue = queue.then(() => deflateSegment(port, task));
}

async function deflateSegment(port: WorkerPort, task: DeflateTask): Promise<void> {
  const { job, buffer, dictionary, length, effort, last } = task;
  try {
    const engine = await createWasmDeflateEngine();
    const bytes = new Uint8Array(buffer);
    engine.input.set(bytes);
    const crc = engine.crc32(length, 0);
    const output = engine.deflate(dictionary, length, effort, last);
    bytes.set(output);
    engine.free();
    port.post({ type: 'deflated', job, buffer, length: output.length, crc }, [buffer]);
  } catch (error) {
    port.post({ type: 'failed', job, error: encodeError(error) }, []);
  }
}
