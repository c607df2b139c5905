import * as z from 'zod/mini';
import { stringMapSchema } from './document.ts';
import { isRawJson } from '../go-json/go-json-raw.ts';
import type { RawJson } from '../go-json/go-json-raw.ts';
import { field, goStruct, optional } from '../go-json/go-json-struct.ts';
import type { GoStruct } from '../go-json/go-json-struct.ts';

/** A whole number; kept as its text where JavaScript cannot count that far. */
export type GoInteger = number | RawJson;

/** How to find out whether a container is healthy. Inert data to us. */
export interface HealthConfig {
  /** `[]`: inherited; `NONE`; `CMD` with arguments; `CMD-SHELL` with a command line. */
  readonly Test?: readonly string[];
  /** Nanoseconds; 0 is inherited, as in the members below. */
  readonly Interval?: GoInteger;
  /** Nanoseconds. */
  readonly Timeout?: GoInteger;
  /** Nanoseconds. */
  readonly StartPeriod?: GoInteger;
  /** How many failures in a row make a container unhealthy. */
  readonly Retries?: GoInteger;
}

/** How a container of the image starts, as docker keeps it. Inert data to us. */
export interface ContainerConfig {
  readonly Hostname?: string;
  readonly Domainname?: string;
  readonly User?: string;
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  /** Its names are ports, as in `80/tcp`. */
  readonly ExposedPorts?: Readonly<Record<string, unknown>>;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  readonly StdinOnce?: boolean;
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Healthcheck?: HealthConfig;
  /** Whether `Cmd` is one command line that is escaped already (Windows). */
  readonly ArgsEscaped?: boolean;
  /** The image that this one was made from, as it was named. */
  readonly Image?: string;
  /** Its names are paths. */
  readonly Volumes?: Readonly<Record<string, unknown>>;
  readonly WorkingDir?: string;
  readonly Entrypoint?: readonly string[];
  readonly NetworkDisabled?: boolean;
  readonly MacAddress?: string;
  /** Instructions for builds that start from this image. */
  readonly OnBuild?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  /** Seconds. */
  readonly StopTimeout?: GoInteger;
  /** What runs the shell form of instructions. */
  readonly Shell?: readonly string[];
}

/** Go's `int64`. */
export const integerSchema: z.ZodMiniType<GoInteger> = z.custom<GoInteger>(isInteger, {
  error: 'invalid integer',
});

const text = z.exactOptional(z.string());
const texts = z.exactOptional(z.array(z.string()));
const flag = z.exactOptional(z.boolean());
const integer = z.exactOptional(integerSchema);
const set = z.exactOptional(z.record(z.string(), z.unknown()));

/** Validates a {@link ContainerConfig}. */
export const containerConfigSchema: z.ZodMiniType<ContainerConfig> = z.looseObject({
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: set,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: texts,
  Cmd: texts,
  Healthcheck: z.exactOptional(
    z.looseObject({
      Test: texts,
      Interval: integer,
      Timeout: integer,
      StartPeriod: integer,
      Retries: integer,
    }),
  ),
  ArgsEscaped: flag,
  Image: text,
  Volumes: set,
  WorkingDir: text,
  Entrypoint: texts,
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: texts,
  Labels: z.exactOptional(stringMapSchema),
  StopSignal: text,
  StopTimeout: integer,
  Shell: texts,
});

/** `container.HealthConfig` of moby 20.10. */
const HEALTH_CONFIG: GoStruct = goStruct(
  optional('Test', 'texts'),
  optional('Interval', 'number'),
  optional('Timeout', 'number'),
  optional('StartPeriod', 'number'),
  optional('Retries', 'number'),
);

/** `container.Config` of moby 20.10. */
export const CONTAINER_CONFIG: GoStruct = goStruct(
  field('Hostname', 'text'),
  field('Domainname', 'text'),
  field('User', 'text'),
  field('AttachStdin', 'flag'),
  field('AttachStdout', 'flag'),
  field('AttachStderr', 'flag'),
  optional('ExposedPorts', 'set'),
  field('Tty', 'flag'),
  field('OpenStdin', 'flag'),
  field('StdinOnce', 'flag'),
  field('Env', 'texts'),
  field('Cmd', 'command'),
  optional('Healthcheck', HEALTH_CONFIG, 'pointer'),
  optional('ArgsEscaped', 'flag'),
  field('Image', 'text'),
  field('Volumes', 'set'),
  field('WorkingDir', 'text'),
  field('Entrypoint', 'command'),
  optional('NetworkDisabled', 'flag'),
  optional('MacAddress', 'text'),
  field('OnBuild', 'texts'),
  field('Labels', 'textMap'),
  optional('StopSignal', 'text'),
  optional('StopTimeout', 'number', 'pointer'),
  optional('Shell', 'command'),
);

function isInteger(value: unknown): value is GoInteger {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return (
    isRawJson(value) &&
    /^-?\d{1,19}$/.test(value.text) &&
    BigInt.asIntN(64, BigInt(value.text)) === BigInt(value.text)
  );
}
