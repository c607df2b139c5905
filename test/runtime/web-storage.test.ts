import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CDPSession, Page } from 'playwright-core';
import { callInPage, startModuleBrowser } from './support/page.ts';
import type { Browser } from '../support/page.ts';
import { findRuntimes } from './support/runtimes.ts';
import type { Failure, StoreReport } from './support/web-storage-tab.ts';

const MiB = 1024 * 1024;
const TABS = [0, 1, 2, 3, 4];
/** Bytes that may lie in buffers when a tab goes away. */
const IN_FLIGHT = 2 * MiB;

const browsers = findRuntimes()
  .filter(({ kind }) => kind === 'chromium')
  .flatMap(({ name, path }) => [
    { name, path, keeps: true },
    { name: `a private window of ${name}`, path, keeps: false },
  ]);

describe.each(browsers)('a store in the origin private file system of $name', ({ path, keeps }) => {
  let profile: string | undefined;
  let browser: Browser;
  let stores = 0;
  let root = '';

  beforeAll(async () => {
    profile = keeps ? await mkdtemp(join(tmpdir(), 'stowage-profile-')) : undefined;
    browser = await startModuleBrowser(path, { name: 'web-storage-tab.ts' }, profile);
  });

  afterEach(async () => {
    for (const page of browser.context.pages()) await page.close();
  });

  afterAll(async () => {
    await browser.close();
    if (profile !== undefined) await rm(profile, { recursive: true });
  });

  /** A function of the tabs' module over a store of this test's own. */
  const call = <T>(page: Page, name: string, ...args: readonly unknown[]): Promise<T> =>
    callInPage<T>(page, `${name}(${[root, ...args].map((value) => JSON.stringify(value)).join()})`);
  const callWorker = <T>(page: Page, name: string, ...args: readonly unknown[]): Promise<T> =>
    callInPage<T>(
      page,
      `callInWorker(${[name, root, ...args].map((value) => JSON.stringify(value)).join()})`,
    );
  const inspect = async (): Promise<StoreReport> => {
    const page = await browser.open();
    const report = await call<StoreReport>(page, 'inspect');
    await page.close();
    return report;
  };

  /** Lets the pages have some more bytes than they have, or as many as they like. */
  const limit = async (session: CDPSession, more?: number): Promise<void> => {
    const { origin } = browser;
    const { usage } = await session.send('Storage.getUsageAndQuota', { origin });
    const quota = more === undefined ? {} : { quotaSize: usage + more };
    await session.send('Storage.overrideQuotaForOrigin', { origin, ...quota });
  };

  const WAYS = [
    { way: 'a window', run: call, then: callWorker },
    { way: 'a worker', run: callWorker, then: call },
  ];

  it('loses nothing that five tabs write at once, and has each blob once', async () => {
    root = `store-${(stores += 1)}`;
    const pages = await Promise.all(TABS.map(() => browser.open()));
    const written = await Promise.all(
      pages.map((page, tab) => (tab % 2 === 0 ? call : callWorker)<number[]>(page, 'ingestBlobs', tab, 8)),
    );
    const report = await inspect();
    expect(report).toMatchObject({ damaged: [], ingests: [], leftovers: [] });
    expect(report.sizes).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((index) => MiB + 100_000 * index));
    // Whoever wrote a blob labelled it, and no label was lost to another tab's.
    const labels = report.labels.flatMap((own) => Object.keys(own));
    expect(labels.length).toBe(written.flat().length);
    // The ones that are written under a lock were each written by one tab.
    expect(
      written
        .flat()
        .filter((index) => index % 2 === 1)
        .sort(),
    ).toEqual([1, 3, 5, 7]);
    const page = await browser.open();
    expect(await call<number>(page, 'counter')).toBe(TABS.length * 8);
    expect(await call<number[]>(page, 'signatures')).toEqual(TABS);
  });

  describe.each(WAYS)('written from $way', ({ run, then }) => {
    it('goes on from its offset when the tab that wrote it is closed', async () => {
      root = `store-${(stores += 1)}`;
      const size = 16 * MiB;
      const owner = await browser.open();
      await run(owner, 'writeAndHold', size);
      const resumed = then<number>(await browser.open(), 'resume', size);
      await owner.close();
      const offset = await resumed;
      expect(offset).toBeGreaterThanOrEqual(size / 2 - IN_FLIGHT);
      expect(offset).toBeLessThan(size);
      expect(await inspect()).toMatchObject({ sizes: [size], damaged: [], ingests: [], leftovers: [] });
    });

    it('goes on from its offset when the page is loaded anew', async () => {
      root = `store-${(stores += 1)}`;
      const size = 16 * MiB;
      const page = await browser.open();
      await run(page, 'writeAndHold', size);
      await page.reload();
      const offset = await run<number>(page, 'resume', size);
      expect(offset).toBeGreaterThanOrEqual(size / 2 - IN_FLIGHT);
      expect(await inspect()).toMatchObject({ sizes: [size], damaged: [], ingests: [], leftovers: [] });
    });

    it('goes on from its offset when the tab crashes', async () => {
      root = `store-${(stores += 1)}`;
      const size = 16 * MiB;
      const owner = await browser.open();
      await run(owner, 'writeAndHold', size);
      const session = await browser.context.newCDPSession(owner);
      const crashed = owner.waitForEvent('crash');
      session.send('Page.crash').catch(() => undefined);
      await crashed;
      const offset = await then<number>(await browser.open(), 'resume', size);
      expect(offset).toBeGreaterThanOrEqual(size / 2 - IN_FLIGHT);
      expect(await inspect()).toMatchObject({ sizes: [size], damaged: [], ingests: [], leftovers: [] });
    });

    it('says when there is no more space, keeps what it has, and goes on when there is', async () => {
      root = `store-${(stores += 1)}`;
      const size = 24 * MiB;
      const page = await browser.open();
      await run(page, 'setValue', 1000);
      const session = await browser.context.newCDPSession(page);
      await limit(session, 10 * MiB);
      const { failure, offset } = await run<{ failure: Failure; offset: number }>(page, 'fill', size);
      expect(failure).toMatchObject({ code: 'STORAGE', reason: 'EDQUOT' });
      expect(failure.message).toContain('no more space');
      expect(offset).toBeGreaterThan(6 * MiB);
      expect(offset).toBeLessThanOrEqual(10 * MiB);
      const value = await run<{ failure: Failure; found: number }>(page, 'overwrite', 6 * MiB);
      expect(value).toMatchObject({ failure: { code: 'STORAGE', reason: 'EDQUOT' }, found: 1000 });
      expect(await inspect()).toMatchObject({
        sizes: [],
        damaged: [],
        ingests: [['download', offset]],
        leftovers: [],
      });
      await limit(session);
      expect(await run<number>(page, 'resume', size)).toBe(offset);
      expect(await inspect()).toMatchObject({ sizes: [size], damaged: [], ingests: [], leftovers: [] });
    });
  });

  it('keeps everything when there is no space to make one blob of the pieces', async () => {
    root = `store-${(stores += 1)}`;
    const size = 8 * MiB;
    const page = await browser.open();
    const session = await browser.context.newCDPSession(page);
    await limit(session, size + 3 * MiB);
    const { failure, offset } = await call<{ failure: Failure; offset: number }>(page, 'fill', size);
    expect(failure).toMatchObject({ code: 'STORAGE', reason: 'EDQUOT' });
    expect(offset).toBe(size);
    expect(await inspect()).toMatchObject({ sizes: [], ingests: [['download', size]], leftovers: [] });
    await limit(session);
    expect(await call<number>(page, 'resume', size)).toBe(size);
    expect(await inspect()).toMatchObject({ sizes: [size], damaged: [], ingests: [], leftovers: [] });
  });

  it('refuses what is no name of a directory', async () => {
    const page = await browser.open();
    for (const bad of ['', '/', '..', 'a/../b', 'a//b', 'a\\b', '.', 'a\u0000', 'x'.repeat(193)]) {
      root = bad;
      expect(await call<Failure>(page, 'openingFails')).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });
});
