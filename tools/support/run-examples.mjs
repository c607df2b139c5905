// Runs modules one after the other and tells the parent process how each went: `{ index }` when one begins, with
// `error` when it failed, `{ done }` at the end. Started by check-docs with an IPC channel.
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const files = process.argv.slice(2);
let current = 0;

function fail(error) {
  process.send({
    index: current,
    error: String(error?.stack ?? error)
      .split('\n', 4)
      .join('\n'),
  });
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

for (const [index, file] of files.entries()) {
  current = index;
  process.send({ index });
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    fail(error);
  }
  // A rejection that nobody handles is told only after the turn in which it came about.
  await setImmediate();
}
process.send({ done: true }, () => process.exit(0));
