// Run by Node, Deno and Bun: benches the layer at the path of its first argument and prints the report as JSON.
import { runBenches } from './core-program.ts';
import type { BenchOptions } from './core-program.ts';

const fs = process.getBuiltinModule('node:fs');
const [path = '', options = ''] = process.argv.slice(2);
const report = await runBenches(new Uint8Array(fs.readFileSync(path)), JSON.parse(options) as BenchOptions);
console.log(JSON.stringify(report));
