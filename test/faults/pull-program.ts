// Run by Deno and Bun: reads tasks as one line of JSON, does them, and prints what came of them as another.
import { runPulls } from './pull-runner.ts';
import type { PullTask } from './pull-runner.ts';

const [tasks = '[]'] = process.argv.slice(2);
console.log(JSON.stringify(await runPulls(JSON.parse(tasks) as PullTask[])));
