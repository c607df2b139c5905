// Runs a tool that is written in TypeScript: `node tools/run.mjs check-docs [arguments]`. Node 20 has no loader for
// TypeScript, so the tool is bundled to .cache/tools first; `import.meta.url` goes on naming the source.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const tools = dirname(fileURLToPath(import.meta.url));
const root = dirname(tools);
const [program, , name, ...rest] = process.argv;
const outfile = join(root, '.cache/tools', `${name}.mjs`);

const sourceUrls = {
  name: 'source-urls',
  setup({ onLoad }) {
    onLoad({ filter: /\.(?:ts|mjs)$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(
        'import.meta.url',
        JSON.stringify(pathToFileURL(path).href),
      ),
      loader: path.endsWith('.ts') ? 'ts' : 'js',
    }));
  },
};

await build({
  entryPoints: [join(tools, `${name}.ts`)],
  outfile,
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  plugins: [sourceUrls],
});

process.chdir(root);
process.argv = [program, outfile, ...rest];
const { main } = await import(pathToFileURL(outfile).href);
process.exitCode = await main(rest);
