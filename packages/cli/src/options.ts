import { hostPlatform } from '@stowage/core';
import { parsePlatform } from '@stowage/types';
import { InvalidArgumentError, Option } from 'commander';

// The options that several commands have.

/** `--store DIR` */
export function storeOption(): Option {
  return new Option('--store <dir>', 'directory of the store (env: STOWAGE_STORE)').argParser(
    (value: string) => {
      if (value === '') throw new InvalidArgumentError('It must not be empty.');
      return value;
    },
  );
}

/** `--json` */
export function jsonOption(): Option {
  return new Option('--json', 'print JSON, and nothing else');
}

/** `--quiet` */
export function quietOption(): Option {
  return new Option('-q, --quiet', 'print only the result');
}

/** `--platform OS/ARCH[/VARIANT]` */
export function platformOption(): Option {
  return new Option('--platform <platform>', 'os/arch[/variant] to choose from an index').argParser(
    (value: string) => {
      try {
        parsePlatform(value, hostPlatform());
      } catch (error) {
        throw new InvalidArgumentError((error as Error).message);
      }
      return value;
    },
  );
}
