// Imported by a page: benches the layer that the server of the page has.
import { runBenches } from './core-program.ts';
import type { BenchOptions, BenchReport } from './core-program.ts';

/** Fetches the layer and runs the benches. */
export async function benchInPage(url: string, options: BenchOptions): Promise<BenchReport> {
  const response = await fetch(url);
  return runBenches(new Uint8Array(await response.arrayBuffer()), options);
}
