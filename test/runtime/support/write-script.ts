// Run by each runtime: writes to the registry at the first argument, in the repository of the second, and prints what it
// found as one line of JSON.
import { writeAndReport } from './write-and-report.ts';

const [url = '', name = ''] = process.argv.slice(2);
console.log(JSON.stringify(await writeAndReport({ url, name })));
