// Imported by a page: opens a view of a layer by its seek index, which the server of the page has.
import { openImageView, openSeekableLayer } from '@stowage/layer-store';
import type { Descriptor } from '@stowage/types';

/** What listing a layer took. */
export interface ListedInPage {
  readonly milliseconds: number;
  /** Bytes of the page's heap that came with it, as far as Chromium tells. */
  readonly heap: number;
  /** What is in the root. */
  readonly names: readonly string[];
}

/** Not in the standard: Chromium's own. */
interface WithMemory {
  readonly memory?: { readonly usedJSHeapSize: number };
}

/** Lists the root of a layer, of which nothing but the index is read. */
export async function listInPage(url: string, descriptor: Descriptor): Promise<ListedInPage> {
  const index = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const content = { open: () => Promise.reject(new Error('the blob is not needed')) };
  const before = heapNow();
  const begun = performance.now();
  const view = await openImageView([await openSeekableLayer({ content, descriptor, index })]);
  const names = view.list('/').map(({ path }) => path);
  return { milliseconds: performance.now() - begun, heap: heapNow() - before, names };
}

function heapNow(): number {
  return (performance as WithMemory).memory?.usedJSHeapSize ?? 0;
}
