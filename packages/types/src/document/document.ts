import * as z from 'zod/mini';
import type { Bytes } from '../bytes.ts';
import type { Descriptor } from './descriptor.ts';
import { isDigest } from '../digest/digest.ts';
import type { Digest } from '../digest/digest.ts';
import { isStowageError, StowageError } from '../error/errors.ts';
import { decodeGoJson } from '../go-json/go-json-decode.ts';
import { isJsonObject } from '../go-json/go-json-member.ts';
import type { Platform } from '../platform/platform.ts';

// Shared by the parsers of manifests, indexes and image configurations; not exported from the package.

/** A digest that has passed the gate of `digest.ts`. */
export const digestSchema: z.ZodMiniType<Digest> = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  { error: 'invalid digest' },
);

/** String to string, as annotations and labels are. */
export const stringMapSchema: z.ZodMiniType<Record<string, string>> = z.record(z.string(), z.string());

/** A platform as written in an index. */
const platformSchema: z.ZodMiniType<Platform> = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.exactOptional(z.string()),
  'os.version': z.exactOptional(z.string()),
  'os.features': z.exactOptional(z.array(z.string())),
});

/** A descriptor with a validated digest and a size that JavaScript can count. */
export const descriptorSchema: z.ZodMiniType<Descriptor> = z.looseObject({
  mediaType: z.string(),
  digest: digestSchema,
  size: z.int().check(z.nonnegative()),
  urls: z.exactOptional(z.array(z.string())),
  annotations: z.exactOptional(stringMapSchema),
  platform: z.exactOptional(platformSchema),
  data: z.exactOptional(z.string()),
  artifactType: z.exactOptional(z.string()),
});

/** What bounds the parsers of documents. */
export interface ParseOptions {
  /** The longest document that is read, in bytes. Default 16 MiB. */
  readonly maxBytes?: number | undefined;
}

/** Parses JSON into an object, as Go does. */
export function parseJsonObject(
  input: Bytes | string,
  what: string,
  options: ParseOptions = {},
): Record<string, unknown> {
  let value: unknown;
  try {
    value = decodeGoJson(input, options);
  } catch (cause) {
    if (!isStowageError(cause, 'INVALID_MANIFEST')) throw cause;
    throw new StowageError('INVALID_MANIFEST', `${what} is not JSON: ${cause.message}`, { cause });
  }
  if (!isJsonObject(value)) throw new StowageError('INVALID_MANIFEST', `${what} is not a JSON object`);
  return value;
}

/** Validates a parsed document; the first thing that is wrong makes the message. */
export function validate<T>(schema: z.ZodMiniType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `at ${path.map(String).join('.')}: ${message}`,
  );
  throw new StowageError('INVALID_MANIFEST', `invalid ${what} ${problems.slice(0, 1).join('')}`);
}
