// Bundled and run by each runtime: extracts an image into the directory that its first argument names, and prints the result
// as one line of JSON. The second argument says what happens on the way: `interrupt`, `kill` or `nothing`.
import { createTarWriter, streamOf } from '@stowage/core';
import type { TarEntryInit } from '@stowage/core';
import { openLayerStore } from '@stowage/layer-store';
import { extract } from '@stowage/layer-store/node';
import { createMemoryStorage } from '@stowage/storage';
import type { Layer } from '@stowage/types';

type Entry = TarEntryInit & { readonly text?: string };

const mtime = 1_600_000_000.5;
const LAYERS: readonly (readonly Entry[])[] = [
  [
    { name: './', type: 'dir', mode: 0o711, mtime },
    { name: 'closed', type: 'dir', mode: 0o555, mtime },
    { name: 'closed/file', mode: 0o4755, mtime, text: 'text' },
    { name: 'large', mtime, text: 'large '.repeat(400_000) },
    { name: 'ünïcode 🚢', mtime, text: 'ship' },
    { name: 'before', mtime: -1000, text: '1969' },
    { name: 'empty', mtime },
    { name: 'gone', mtime, text: 'x' },
  ],
  Array.from({ length: 200 }, (_, n) => ({
    name: `many/${String(n)}`,
    mtime,
    mode: 0o600 + (n % 64),
    text: String(n).repeat(n),
  })),
  [
    { name: '.wh.gone' },
    { name: 'link', type: 'symlink', linkname: '../../outside', mtime },
    { name: 'hard', type: 'hardlink', linkname: 'large', mtime },
    { name: 'fifo', type: 'fifo', mtime },
    { name: 'last', mtime, text: 'last' },
  ],
];

function tarOf(entries: readonly Entry[]): Uint8Array[] {
  const writer = createTarWriter();
  const parts = entries.flatMap(({ text = '', ...init }) =>
    writer.entry(init, new TextEncoder().encode(text)),
  );
  return [...parts, writer.end()];
}

/** The same layer, which does not come before `end` rejects. */
function heldBack(layer: Layer, end: Promise<never>): Layer {
  return new Proxy(layer, {
    get: (target, name) => {
      if (name === 'tarTo') return () => end;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const [to = '', event = 'nothing'] = process.argv.slice(2);
const store = await openLayerStore({ storage: createMemoryStorage() });
const layers: Layer[] = [];
for (const entries of LAYERS) {
  layers.push(await store.register(streamOf(...tarOf(entries)), layers.at(-1)?.chainId));
}
const latin1 = await store.register(streamOf(...tarOf([{ name: 'caf\udce9', text: 'text' }])));
const refused: unknown = await extract([latin1], { to: `${to}-latin1` }).then(
  () => undefined,
  (error: unknown) => (error as { readonly code?: unknown }).code,
);
if (event !== 'nothing') {
  const controller = new AbortController();
  const reason = new Error('enough');
  const { signal } = controller;
  const end = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(reason);
    });
  });
  end.catch(() => undefined);
  // Layers are written side by side: those after the interruption must not be done before.
  const last = event === 'kill' ? 2 : 1;
  const held = layers.map((layer, index) => (index < last ? layer : heldBack(layer, end)));
  const interrupted: unknown = await extract(held, {
    to,
    signal,
    onProgress: ({ layers: done }) => {
      if (done < last) return;
      if (event === 'kill') process.kill(process.pid, 'SIGKILL');
      controller.abort(reason);
    },
  }).catch((error: unknown) => error);
  if (interrupted !== reason) throw new Error(`interrupted with ${String(interrupted)}`);
}
const omissions: string[] = [];
const result = await extract(layers, {
  to,
  onOmission: ({ what, path }) => omissions.push(`${what} ${path}`),
});
console.log(JSON.stringify({ ...result, path: '', omissions, refused: refused ?? null }));
