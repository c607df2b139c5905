import { digestBytes } from '@stowage/core';
import { MEDIA_TYPES } from '@stowage/types';
import type { Descriptor } from '@stowage/types';
import { REGISTRY } from './fixtures.ts';
import type { Reply } from './scripted-fetch.ts';

export const BASE: string = `${REGISTRY}/v2/team/app`;
export const CONFIG: string = `sha256:${'c'.repeat(64)}`;
export const LAYER: string = `sha256:${'1'.repeat(64)}`;
export const SUBJECT: string = `sha256:${'5'.repeat(64)}`;
export const TYPE: string = MEDIA_TYPES.ociManifest;

/** A manifest, with whatever else it is to say. */
export async function manifest(
  more: object = {},
): Promise<{ bytes: Uint8Array; digest: string; descriptor: Descriptor }> {
  const document = {
    schemaVersion: 2,
    mediaType: TYPE,
    config: { mediaType: MEDIA_TYPES.ociConfig, digest: CONFIG, size: 2 },
    layers: [{ mediaType: MEDIA_TYPES.ociLayerGzip, digest: LAYER, size: 3 }],
    ...more,
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(document, undefined, 3)}\n`);
  const digest = await digestBytes(bytes);
  return { bytes, digest, descriptor: { mediaType: TYPE, digest, size: bytes.byteLength } };
}

/** What a registry answers that refuses. */
export function refusal(status: number, code: string, detail?: unknown): Reply {
  return { status, json: { errors: [{ code, message: code.toLowerCase(), detail }] } };
}
