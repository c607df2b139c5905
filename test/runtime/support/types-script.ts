import { typesReport } from './types-report.ts';

console.log(JSON.stringify(typesReport()));
