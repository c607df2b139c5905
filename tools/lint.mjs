// Runs eslint: `node tools/lint.mjs [paths and options]`, over everything when nothing is named. The rule of nx about
// the order of packages reads the project graph from nx's cache, so the graph is brought up to date first.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const env = { ...process.env, NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false' };
const args = process.argv.slice(2);

function node(script, scriptArgs, stdout) {
  const program = join(root, 'node_modules', script);
  const stdio = ['ignore', stdout, 'inherit'];
  return spawnSync(process.execPath, [program, ...scriptArgs], { cwd: root, env, stdio }).status ?? 1;
}

process.exitCode =
  node('nx/dist/bin/nx.js', ['show', 'projects'], 'ignore') ||
  node('eslint/bin/eslint.js', ['--max-warnings=0', ...(args.length > 0 ? args : ['.'])], 'inherit');
