import { encodeBase64Url, encodeGoJson } from '@stowage/types';
import type { AbortOptions, Bytes, Schema1Payload, TrustKey } from '@stowage/types';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const INDENT = '   ';

/** When a payload is signed. */
export interface SignOptions extends AbortOptions {
  /** Default: now. */
  readonly at?: Date | undefined;
}

/**
 * Puts a signature into a manifest of schema 1, in libtrust's "pretty" form: a JWS (RFC 7515) by ES256 whose protected
 * header tells how much of the document was signed.
 *
 * @param payload what is signed
 * @param key whose signature it is
 * @param options when that is
 */
export async function signPayload(
  { payload, formatLength, formatTail }: Schema1Payload,
  key: TrustKey,
  { at = new Date(), signal }: SignOptions = {},
): Promise<Bytes> {
  const time = at.toISOString().replace(/\.\d+Z$/, 'Z');
  const header = { formatLength, formatTail: encodeBase64Url(formatTail), time };
  const protectedHeader = encodeBase64Url(encodeGoJson(header));
  const signed = encoder.encode(`${protectedHeader}.${encodeBase64Url(payload)}`);
  const signature = {
    header: { jwk: key.publicKey, alg: 'ES256' },
    signature: encodeBase64Url(await key.sign(signed, { signal })),
    protected: protectedHeader,
  };
  const list = decoder.decode(encodeGoJson([signature], { indent: INDENT })).replaceAll('\n', `\n${INDENT}`);
  const head = decoder.decode(payload.subarray(0, formatLength));
  return encoder.encode(`${head},\n${INDENT}"signatures": ${list}${decoder.decode(formatTail)}`);
}
