// Runs a tool that is written in TypeScript: `node tools/run.mjs check-docs [arguments]`. Node 20 has no loader for
// TypeScript, so the tool is bundled to .cache/tools first; packages and .mjs files are imported as they are.
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const tools = dirname(fileURLToPath(import.meta.url));
const root = dirname(tools);
const [program, , name, ...rest] = process.argv;
const outfile = join(root, '.cache/tools', `${name}.mjs`);

await build({
  entryPoints: [join(tools, `${name}.ts`)],
  outfile,
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
  plugins: [
    {
      name: 'modules-stay-outside',
      setup({ onResolve }) {
        onResolve({ filter: /^\..*\.mjs$/ }, ({ path, resolveDir }) => ({
          path: pathToFileURL(resolve(resolveDir, path)).href,
          external: true,
        }));
      },
    },
  ],
});

process.chdir(root);
process.argv = [program, outfile, ...rest];
const { main } = await import(pathToFileURL(outfile).href);
process.exitCode = await main(rest);
