// Run by Deno and Bun: reads tasks as one line of JSON, does them, and prints what came of them as another.
import { runWritings } from './writing-runner.ts';
import type { WritingTask } from './writing-runner.ts';

const [tasks = '[]'] = process.argv.slice(2);
console.log(JSON.stringify(await runWritings(JSON.parse(tasks) as WritingTask[])));
