import { fileURLToPath } from 'node:url';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveHttp } from '../integration/support/http.ts';
import type { HttpServer } from '../integration/support/http.ts';
import { runCommand } from '../integration/support/run-command.ts';
import { SOUND_REPORT } from '../integration/support/sound-report.ts';
import { runInPage } from './support/page.ts';
import { findRuntimes } from './support/runtimes.ts';
import type { WriteReport } from './support/write-and-report.ts';

const SCRIPT = fileURLToPath(new URL('support/write-script.ts', import.meta.url));

let server: HttpServer;
beforeAll(async () => {
  server = await serveHttp(createRegistryServer({ storage: createMemoryStorage() }));
});
afterAll(() => server.close());

describe('the same uploads, manifests and deletions', () => {
  // Node 20 has no type stripping: it writes in the tests of integration.
  it.each(findRuntimes().filter(({ name }) => name !== 'node'))('$name', async (runtime) => {
    const { name, kind, path, scriptArguments } = runtime;
    const url = `http://${server.host}`;
    const repository = `team/${name}`;
    const report =
      kind === 'chromium'
        ? await runInPage<WriteReport>(
            path,
            { name: 'write-and-report.ts' },
            `writeAndReport(${JSON.stringify({ url, name: repository })})`,
          )
        : (JSON.parse(
            await runCommand(path, [
              ...scriptArguments,
              '--conditions=@stowage/source',
              SCRIPT,
              url,
              repository,
            ]),
          ) as WriteReport);
    expect(report).toEqual(SOUND_REPORT);
  });
});
