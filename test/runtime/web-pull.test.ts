import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import type { CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { noise } from '../compliance/storage-subject.ts';
import { serveHttp } from '../integration/support/http.ts';
import type { HttpServer } from '../integration/support/http.ts';
import { buildImage, pushImage } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import { callInPage, startModuleBrowser } from './support/page.ts';
import type { Browser } from '../support/page.ts';
import { findRuntimes } from './support/runtimes.ts';
import type { PulledImage } from './support/web-pull-tab.ts';

const MiB = 1024 * 1024;
/** What a window has in its buffers at most: one that is written and one that is filled. */
const IN_FLIGHT = 2 * MiB;
/** What the registry sends at a time. */
const PIECE = 64 * 1024;

/** A registry in this process that counts what it sends of every blob, and can stop amid all of them. */
class MeteredRegistry {
  readonly sent = new Map<string, number>();
  /** Where the requests for a blob began. */
  readonly starts = new Map<string, number[]>();
  readonly #handle = createRegistryServer({ storage: createMemoryStorage() });
  #limit = Number.POSITIVE_INFINITY;
  #released = Promise.resolve();
  #release: () => void = () => undefined;

  /** Sends no more than so many bytes of any blob, until it is let go. */
  stopAt(limit: number): void {
    this.#limit = limit;
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  letGo(): void {
    this.#limit = Number.POSITIVE_INFINITY;
    this.#release();
  }

  readonly answer = async (request: Request): Promise<Response> => {
    const response = await this.#handle(request);
    const digest = /\/blobs\/(sha256:[0-9a-f]+)$/.exec(request.url)?.[1];
    if (request.method !== 'GET' || digest === undefined || response.body === null) return response;
    const start = Number(/bytes (\d+)/.exec(response.headers.get('content-range') ?? '')?.[1] ?? 0);
    this.starts.set(digest, [...(this.starts.get(digest) ?? []), start]);
    const meter = new TransformStream<Uint8Array, Uint8Array>({
      transform: async (bytes, controller) => {
        for (let at = 0; at < bytes.byteLength; at += PIECE) {
          const piece = bytes.subarray(at, at + PIECE);
          const sent = this.sent.get(digest) ?? 0;
          if (sent + piece.byteLength > this.#limit) await this.#released;
          this.sent.set(digest, sent + piece.byteLength);
          controller.enqueue(piece);
        }
      },
    });
    return new Response(response.body.pipeThrough(meter), response);
  };
}

const browsers = findRuntimes().filter(({ kind }) => kind === 'chromium');

describe.each(browsers)('a pull into the origin private file system of $name', ({ path }) => {
  let profile: string;
  let browser: Browser;
  let registry: MeteredRegistry;
  let server: HttpServer;

  beforeAll(async () => {
    profile = await mkdtemp(join(tmpdir(), 'stowage-profile-'));
    browser = await startModuleBrowser(path, { name: 'web-pull-tab.ts' }, profile);
  });

  beforeEach(async () => {
    registry = new MeteredRegistry();
    server = await serveHttp(registry.answer);
  });

  afterEach(async () => {
    registry.letGo();
    for (const page of browser.context.pages()) await page.close();
    await server.close();
  });

  afterAll(async () => {
    await browser.close();
    await rm(profile, { recursive: true });
  });

  /** Pushes an image of three layers, each with one file that no compression makes smaller. */
  const push = async (name: string, fileSize: number): Promise<{ reference: string; image: BuiltImage }> => {
    const block = noise(MiB, fileSize);
    const image = buildImage(
      ['one', 'two', 'three'].map((file, index) => {
        const content = new Uint8Array(fileSize).fill(index + 1);
        for (let at = 0; at + block.length <= fileSize; at += block.length) content.set(block, at);
        content[0] = index;
        return [{ name: file, content }];
      }),
    );
    const fetch = (url: string, init?: RequestInit): Promise<Response> =>
      registry.answer(new Request(url, init));
    await pushImage(fetch, 'http://localhost', name, 'v1', image);
    return { reference: `${server.host}/${name}:v1`, image };
  };

  const inWindow = <T>(page: Page, name: string, ...args: readonly string[]): Promise<T> =>
    callInPage<T>(page, `${name}(${args.map((value) => JSON.stringify(value)).join()})`);
  const inWorker = <T>(page: Page, name: string, ...args: readonly string[]): Promise<T> =>
    inWindow<T>(page, 'callInWorker', name, ...args);

  it.each([
    { way: 'a window', run: inWindow },
    { way: 'a worker', run: inWorker },
  ])('goes on after a reload in $way and fetches nothing twice but what was in flight', async (at) => {
    const { way, run } = at;
    const root = way.replace(' ', '-');
    const { reference, image } = await push('team/app', 12 * MiB);
    const page = await browser.open();
    const watcher = await browser.open();
    const partials = (): Promise<Record<string, number>> => inWindow(watcher, 'partials', root);
    registry.stopAt(8 * MiB);
    await run(page, 'beginPull', root, reference);
    await vi.waitFor(
      async () => {
        const offsets = Object.values(await partials());
        expect(offsets.filter((offset) => offset >= 8 * MiB - IN_FLIGHT).length).toBe(3);
        // A page asks for 8 MiB at a time, since browsers take in whatever is on its way.
        for (const { descriptor } of image.layers) {
          expect(registry.starts.get(descriptor.digest)).toEqual([0, 8 * MiB]);
        }
      },
      { timeout: 60_000, interval: 100 },
    );
    await page.reload();
    // A worker may live a moment longer than its page.
    await vi.waitFor(
      async () => {
        expect(await inWindow(watcher, 'heldLocks')).toBe(0);
      },
      { timeout: 60_000 },
    );
    const kept = await partials();
    registry.letGo();

    const pulled = await run<PulledImage>(page, 'pullImage', root, reference);
    expect(pulled).toMatchObject({
      status: 'downloaded',
      imageId: image.config.descriptor.digest,
      names: [reference],
      damaged: [],
      partials: [],
      files: { one: 12 * MiB, two: 12 * MiB, three: 12 * MiB },
    });
    // Three layers, the configuration and the manifest.
    expect(pulled.verified.length).toBe(5);
    for (const { descriptor } of image.layers) {
      const { digest, size } = descriptor;
      expect(registry.starts.get(digest)).toEqual([0, 8 * MiB, kept[`layer-${digest}`]]);
      // The piece that waited to be let go may still have gone to who is no more.
      expect(registry.sent.get(digest)).toBeLessThanOrEqual(size + IN_FLIGHT + PIECE);
    }
    registry.sent.clear();
    expect((await run<PulledImage>(page, 'pullImage', root, reference)).status).toBe('up-to-date');
    expect([...registry.sent.keys()]).toEqual([]);
  });

  it('needs little memory for an image of 300 MiB', async () => {
    const size = 100 * MiB;
    const { reference, image } = await push('team/large', size);
    const page = await browser.open();
    const pulling = inWindow<PulledImage>(page, 'pullImage', 'large', reference);
    const peak = await peakOf(await browser.context.newCDPSession(page), pulling);
    expect(await pulling).toMatchObject({
      status: 'downloaded',
      imageId: image.config.descriptor.digest,
      damaged: [],
      partials: [],
      files: { one: size, two: size, three: size },
    });
    // Three parts of 8 MiB that the browser takes in whether or not they are read, and what it needs to hand them on:
    // about 30 MiB; more where the page gets little of the processor.
    expect(peak).toBeLessThan(100 * MiB);
  }, 300_000);
});

/** The most bytes that a page needed while something went on: objects, buffers, and what the browser has for them. */
async function peakOf(session: CDPSession, work: Promise<unknown>): Promise<number> {
  let peak = 0;
  const ended = work.then(
    () => true,
    () => true,
  );
  const pause = (): Promise<boolean> => new Promise((resolve) => setTimeout(resolve, 100, false));
  while (!(await Promise.race([ended, pause()]))) {
    await session.send('HeapProfiler.collectGarbage');
    const heap = await session.send('Runtime.getHeapUsage');
    peak = Math.max(peak, heap.usedSize + heap.backingStorageSize + heap.embedderHeapUsedSize);
  }
  return peak;
}
