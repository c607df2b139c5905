// Run by each runtime: pulls the image named by its first argument and prints what it found as one line of JSON.
import { pullAndReport } from './pull-and-report.ts';

const [reference = '', file = ''] = process.argv.slice(2);
console.log(JSON.stringify(await pullAndReport(reference, file)));
