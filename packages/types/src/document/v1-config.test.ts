import { describe, expect, it } from 'vitest';
import vectors from '../../../../test/fixtures/go-documents.json' with { type: 'json' };
import { asDigest } from '../digest/digest.ts';
import type { ChainID, DiffID } from '../digest/digest.ts';
import { HISTORY } from './image-config-struct.ts';
import { encodeImageConfig, parseImageConfig } from './image-config.ts';
import { encodeGoJson } from '../go-json/go-json.ts';
import { writeGoStruct } from '../go-json/go-json-struct.ts';
import { historyFromV1Config, makeConfigFromV1Config, makeV1ConfigFromConfig } from './v1-config.ts';
import { encodeV1Image, parseV1Image, v1IdContent } from './v1-image.ts';

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function letters(letter: string): DiffID {
  return asDigest(`sha256:${letter.repeat(64)}`) as DiffID;
}

const rootfs = { type: 'layers', diff_ids: [letters('a'), letters('b')] };
const refused = vectors.v1.filter(({ error }) => error === true);
const accepted = vectors.v1.flatMap((vector) => ('config' in vector ? [vector] : []));

describe('images of version 1', () => {
  it('are all accounted for', () => {
    expect([accepted.length, refused.length]).toEqual([12, 9]);
  });

  it.each(accepted)('become history as in moby: $json', ({ json, history }) => {
    const steps = [historyFromV1Config(json, false), historyFromV1Config(json, true)];
    expect(textOf(encodeGoJson(steps))).toBe(history);
    expect(textOf(encodeGoJson(steps.map((step) => writeGoStruct(step, HISTORY))))).toBe(history);
  });

  it.each(accepted)('become a configuration as in moby: $json', ({ json, config }) => {
    const history = [historyFromV1Config(json, false), historyFromV1Config(json, true)];
    expect(textOf(makeConfigFromV1Config(json, rootfs, history))).toBe(config);
    expect(textOf(makeConfigFromV1Config(new TextEncoder().encode(json), rootfs, history))).toBe(config);
  });

  it.each(accepted)('are written as in moby: $json', ({ json, image }) => {
    const bytes = encodeV1Image(parseV1Image(json));
    expect(textOf(bytes)).toBe(image);
    expect(encodeV1Image(parseV1Image(bytes))).toEqual(bytes);
  });

  it.each(accepted)('have the IDs that moby gives them: $json', ({ json, idContent, childIdContent }) => {
    const image = parseV1Image(json);
    expect(textOf(v1IdContent(image, letters('c') as unknown as ChainID))).toBe(idContent);
    expect(textOf(v1IdContent(image, letters('c') as unknown as ChainID, letters('d')))).toBe(childIdContent);
  });

  it.each(refused)('are refused where moby refuses them: $json', ({ json }) => {
    const refusal = expect.objectContaining({ code: 'INVALID_MANIFEST' }) as Error;
    expect(() => historyFromV1Config(json, false)).toThrow(refusal);
    expect(() => parseV1Image(json)).toThrow(refusal);
  });

  it.each(['{"docker_version":1}', 'null', '[]', '{', '{"os":1}'])('make no configuration of %s', (json) => {
    expect(() => makeConfigFromV1Config(json, rootfs, [])).toThrow(
      expect.objectContaining({ code: 'INVALID_MANIFEST' }) as Error,
    );
  });

  it('keep what a new docker wrote, whatever it is', () => {
    const json = '{"docker_version":"1.9.0","os":1}';
    expect(textOf(makeConfigFromV1Config(json, rootfs, []))).toContain('"os":1');
  });
});

describe('configurations', () => {
  it.each(vectors.configs)('are written as in moby: $json', ({ json, encoded }) => {
    const bytes = encodeImageConfig(parseImageConfig(new TextEncoder().encode(json)));
    expect(textOf(bytes)).toBe(encoded);
    expect(encodeImageConfig(parseImageConfig(bytes))).toEqual(bytes);
  });

  it.each(vectors.configs)('become images of version 1 as in moby: $json', ({ json, v1, v1Child }) => {
    const config = new TextEncoder().encode(json);
    expect(textOf(makeV1ConfigFromConfig(config, { id: '1d' }))).toBe(v1);
    expect(textOf(makeV1ConfigFromConfig(config, { id: '1d', parent: '9a', throwaway: true }))).toBe(v1Child);
  });
});
