// Run by Deno and Bun: reads tasks as one line of JSON, does them, and prints what came of them as another.
import { runReadings } from './reading-runner.ts';
import type { ReadingTask } from './reading-runner.ts';

const [tasks = '[]'] = process.argv.slice(2);
console.log(JSON.stringify(await runReadings(JSON.parse(tasks) as ReadingTask[])));
