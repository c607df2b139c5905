import { digestBytes } from '@stowage/core';
import { parseDigest } from '@stowage/types';
import type { Bytes } from '@stowage/types';

/** Bytes that SHA-256 takes at a time. */
const BLOCK = 64;

/** HMAC-SHA256 (RFC 2104) of a message. */
export async function hmacSha256(key: Bytes, message: Bytes): Promise<Bytes> {
  const block = new Uint8Array(BLOCK);
  block.set(key.length > BLOCK ? await sha256(key) : key);
  const inner = await sha256(join(masked(block, 0x36), message));
  return sha256(join(masked(block, 0x5c), inner));
}

/** The bytes of hexadecimal text in any case; `undefined` where it is none. */
export function fromHex(text: string): Bytes | undefined {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(2 * index, 2 * index + 2), 16),
  );
}

/** Lower-case hexadecimal text. */
export function toHex(bytes: Bytes): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function sha256(bytes: Bytes): Promise<Bytes> {
  return fromHex(parseDigest(await digestBytes(bytes)).encoded) ?? new Uint8Array();
}

function masked(block: Bytes, mask: number): Bytes {
  return block.map((byte) => byte ^ mask);
}

function join(first: Bytes, second: Bytes): Bytes {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
