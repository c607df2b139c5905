import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** A directory for one test's files, with credential helpers on a `PATH` of its own. */
export interface HelperDirectory extends AsyncDisposable {
  readonly path: string;
  /** An environment in which the helpers are found. */
  readonly env: Readonly<Record<string, string>>;
  /** The path of a file in it. */
  file(name: string): string;
  /** Puts JSON, or text, into a file. Answers its path. */
  write(name: string, content: unknown): Promise<string>;
  read(name: string): Promise<string>;
  /**
   * Makes a credential helper of a program's body, which finds `action` and `input` in place. What it is asked is
   * written to `NAME.log`.
   */
  helper(name: string, body: string): Promise<void>;
  /** What a helper was asked, one line each. */
  asked(name: string): Promise<string[]>;
}

/** Makes a {@link HelperDirectory}. */
export async function makeHelperDirectory(): Promise<HelperDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'stowage-docker-'));
  const file = (name: string): string => join(path, name);
  return {
    path,
    env: { PATH: [path, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter) },
    file,
    async write(name, content) {
      await writeFile(file(name), typeof content === 'string' ? content : JSON.stringify(content));
      return file(name);
    },
    read: (name) => readFile(file(name), 'utf8'),
    async helper(name, body) {
      const program = file(`docker-credential-${name}`);
      await writeFile(
        program,
        `#!/usr/bin/env node
const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
const action = process.argv[2];
const input = readFileSync(0, 'utf8');
appendFileSync(${JSON.stringify(file(`${name}.log`))}, action + ' ' + input + '\\n');
const say = (value) => process.stdout.write(typeof value === 'string' ? value : JSON.stringify(value));
const fail = (words) => { say(words); process.exitCode = 1; };
${body}
`,
      );
      await chmod(program, 0o755);
    },
    async asked(name) {
      const log = await readFile(file(`${name}.log`), 'utf8').catch(() => '');
      return log.split('\n').filter((line) => line !== '');
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
