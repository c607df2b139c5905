import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles the script at `source`, a URL, with the packages of this repository as they are, for any Node, Deno and Bun. */
export async function bundleScript(source: URL, outfile: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // What is CommonJS in the bundle asks for Node's own modules.
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
    },
    conditions: ['@stowage/source'],
    logLevel: 'error',
  });
}
