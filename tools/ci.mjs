// Runs every gate and all tests, tells one line for each, and closes with `N passed, N failed`. A gate that fails
// shows its output and stops nothing. Uses nothing but Node, as its first gate installs everything else.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** No gate takes longer than this, in milliseconds. */
const GATE_TIMEOUT = 17 * 60_000;

const node = (...args) => [process.execPath, ...args];
const tool = (name) => node('tools/run.mjs', name);
const installed = (path, ...args) => node(join('node_modules', path), ...args);

const SETUP = { name: 'setup', command: node('tools/setup.mjs', 'ci') };
const BUILD = { name: 'build', command: ['npm', 'run', '--silent', 'build'] };
const TEST = { name: 'test', command: ['npm', 'test', '--silent', '--', '--coverage'] };

/** These need the build and not one another; the long ones come first, so that two hands end together. */
const GATES = [
  { name: 'eslint', command: node('tools/lint.mjs') },
  { name: 'check-packages', command: tool('check-packages') },
  { name: 'typedoc', command: ['npm', 'run', '--silent', 'docs'] },
  { name: 'check-docs', command: tool('check-docs') },
  { name: 'prettier', command: installed('prettier/bin/prettier.cjs', '--check', '.') },
  { name: 'knip', command: installed('knip/bin/knip.js') },
  { name: 'size-limit', command: installed('size-limit/bin.js') },
  { name: 'check-boundaries', command: tool('check-boundaries') },
  { name: 'check-exports', command: tool('check-exports') },
  { name: 'generated', command: [...tool('build-generated'), '--check'] },
  { name: 'nx sync:check', command: installed('nx/dist/bin/nx.js', 'sync:check') },
];

/** The counts of the last plain closing line in a test run's output, or undefined when there is none. */
export function closingCounts(output) {
  const lines = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\r?$/gm)];
  const line = lines.at(-1);
  if (line === undefined) return undefined;
  return { passed: Number(line[1]), failed: Number(line[2]), skipped: Number(line[3] ?? 0) };
}

/** Why a test run is no success in CI, beside its exit code; undefined when it is one. */
export function testBreach(counts, strict) {
  if (counts === undefined) return 'the test run did not close with its counts';
  if (counts.passed + counts.failed === 0) return 'no test was run';
  if (strict && counts.skipped > 0) return `${counts.skipped} tests were left out`;
  return undefined;
}

function runCommand([command, ...args]) {
  const env = {
    ...process.env,
    NO_COLOR: '1',
    FORCE_COLOR: '0',
    NX_DAEMON: 'false',
    NX_ISOLATE_PLUGINS: 'false',
  };
  return new Promise((resolve) => {
    // A process group of its own, so that nothing that a gate started outlives its time.
    const child = spawn(command, args, { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const add = (text) => (output += text);
    child.stdout.setEncoding('utf8').on('data', add);
    child.stderr.setEncoding('utf8').on('data', add);
    const timer = setTimeout(() => {
      add(`\nstopped after ${GATE_TIMEOUT / 60_000} minutes\n`);
      process.kill(-child.pid, 'SIGKILL');
    }, GATE_TIMEOUT);
    child.on('error', (error) => add(`${error.message}\n`));
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ ok: code === 0, output });
    });
  });
}

/** Runs one gate and tells how it went; `judge` may find fault with what the command was content with. */
async function runGate({ name, command }, judge = () => undefined) {
  const begun = performance.now();
  const { ok, output } = await runCommand(command);
  const breach = judge(output);
  const passed = ok && breach === undefined;
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (!passed) console.log([output.trimEnd(), breach].filter(Boolean).join('\n').replace(/^/gm, '  | '));
  return { passed, output };
}

async function main() {
  const total = { passed: 0, failed: 0 };
  const count = ({ passed }) => (total[passed ? 'passed' : 'failed'] += 1);

  count(await runGate(SETUP));
  if (existsSync(join(ROOT, 'node_modules/typescript'))) {
    count(await runGate(BUILD));
    const queue = [...GATES];
    const hand = async () => {
      for (let gate = queue.shift(); gate !== undefined; gate = queue.shift()) count(await runGate(gate));
    };
    await Promise.all([hand(), hand()]);

    const strict = process.env.CI === 'true';
    const test = await runGate(TEST, (output) => testBreach(closingCounts(output), strict));
    count(test);
    const { passed, failed, skipped } = closingCounts(test.output) ?? { passed: 0, failed: 0, skipped: 0 };
    total.passed += passed;
    total.failed += failed;
    console.log(`     ${passed} tests passed, ${failed} failed, ${skipped} were left out`);
    for (const [line] of test.output.matchAll(/^(?:Lines|Branches) +:.*$/gm)) console.log(`     ${line}`);
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await main();
