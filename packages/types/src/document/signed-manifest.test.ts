import { describe, expect, it } from 'vitest';
import { encodeBase64Url } from '../base64.ts';
import { MEDIA_TYPES } from './media-types.ts';
import { fixManifestLayers, readSignedManifest, verifySignedManifest } from './signed-manifest-verify.ts';
import { parseSignedManifest } from './signed-manifest.ts';
import type { SignedManifest } from './signed-manifest.ts';

const encoder = new TextEncoder();
const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(64));

function base64(value: unknown): string {
  return encodeBase64Url(encoder.encode(typeof value === 'string' ? value : JSON.stringify(value)));
}

/** What a signature says of a document that ends in `tail` behind `formatLength` bytes. */
function format(formatLength: unknown, tail = '\n}'): { protected: string } {
  return { protected: base64({ formatLength, formatTail: base64(tail) }) };
}

function parse(json: string): SignedManifest {
  return parseSignedManifest(encoder.encode(json));
}

function manifestOf(history: readonly object[], layers = history.length): SignedManifest {
  const document = {
    schemaVersion: 1,
    fsLayers: Array.from({ length: layers }, (_, index) => ({
      blobSum: `sha256:${String(index).repeat(64)}`,
    })),
    history: history.map((image) => ({ v1Compatibility: JSON.stringify(image) })),
  };
  return parseSignedManifest(encoder.encode(JSON.stringify(document)), { allowUnsigned: true });
}

describe('parseSignedManifest', () => {
  const body = '{"schemaVersion":1,"name":"n"';

  function sign(...signatures: unknown[]): string {
    return `${body},"name":"other","signatures":${JSON.stringify(signatures)}}`;
  }

  it('reads what was signed, and nothing else', () => {
    const manifest = parse(sign(format(body.length), { ...format(body.length), header: { alg: 'ES256' } }));
    expect(new TextDecoder().decode(manifest.canonical)).toBe(`${body}\n}`);
    expect(manifest).toMatchObject({
      kind: 'signed',
      mediaType: MEDIA_TYPES.dockerSchema1Signed,
      name: 'n',
      tag: '',
      fsLayers: [],
      history: [],
    });
    expect(manifest.raw.length).toBeGreaterThan(manifest.canonical.length);
  });

  it('takes what is not known yet from the next signature', () => {
    expect(parse(sign(format(0, ''), format(body.length))).name).toBe('n');
  });

  it.each([
    ['no JSON', '{', 'unexpected end of JSON input'],
    ['no object', '[]', 'not a JSON object'],
    ['no signatures', body + '}', 'missing signature key'],
    ['the wrong case', `${body},"Signatures":[]}`, 'missing signature key'],
    ['signatures that are none', `${body},"signatures":5}`, 'error unmarshalling signatures'],
    ['null', `${body},"signatures":null}`, 'error unmarshalling signatures'],
    ['an empty list', sign(), 'unexpected end of JSON input'],
    ['a signature that is none', sign(null), 'error unmarshalling signatures'],
    ['no protected header', sign({}), 'protected header is not JSON'],
    ['a protected header of another type', sign({ protected: 5 }), 'base64 decode error'],
    ['a protected header that is no base 64', sign({ protected: '*' }), 'base64 decode error'],
    ['a protected header that is no object', sign({ protected: base64('[]') }), 'not a JSON object'],
    ['no length', sign({ protected: base64({ formatTail: '' }) }), 'missing formatted length'],
    ['a length that is none', sign(format('5')), 'missing formatted length'],
    ['no tail', sign({ protected: base64({ formatLength: 5 }) }), 'missing formatted tail'],
    [
      'a tail that is none',
      sign({ protected: base64({ formatLength: 5, formatTail: 5 }) }),
      'missing formatted tail',
    ],
    [
      'a tail that is no base 64',
      sign({ protected: base64({ formatLength: 5, formatTail: '*' }) }),
      'on tail',
    ],
    ['lengths that differ', sign(format(5), format(6)), 'conflicting format length'],
    ['tails that differ', sign(format(5), format(5, '}')), 'conflicting format tail'],
    ['tails that differ in one byte', sign(format(5), format(5, '\t}')), 'conflicting format tail'],
    ['a length beyond the end', sign(format(1_000_000)), 'invalid format length'],
    [
      'a huge length',
      sign(format(1).protected && { protected: base64('{"formatLength":1e400,"formatTail":""}') }),
      'invalid format length',
    ],
    ['a negative length', sign(format(-1)), 'invalid format length'],
    ['a payload that is no JSON', sign(format(5)), 'signed manifest is not JSON'],
  ])('refuses %s', (_what, json, message) => {
    expect(() => parse(json)).toThrow(expect.objectContaining({ code: 'INVALID_MANIFEST' }) as Error);
    expect(() => parse(json)).toThrow(message);
  });

  it.each([
    ['{"schemaVersion":1.5}', 'at schemaVersion'],
    ['{"name":5}', 'at name'],
    ['{"fsLayers":{}}', 'at fsLayers'],
    ['{"fsLayers":[{"blobSum":"sha256:../x"}]}', 'at fsLayers.0.blobSum: invalid digest'],
    ['{"fsLayers":[null]}', 'at fsLayers.0'],
    ['{"history":[{"v1Compatibility":{}}]}', 'at history.0'],
  ])('refuses %s', (json, message) => {
    expect(() => parseSignedManifest(encoder.encode(json), { allowUnsigned: true })).toThrow(message);
  });

  it('takes one without signatures where it is told to', () => {
    const bytes = encoder.encode('{"SchemaVersion":1,"TAG":"t","history":[null]}');
    const manifest = parseSignedManifest(bytes, { allowUnsigned: true });
    expect(manifest).toMatchObject({ schemaVersion: 1, tag: 't', history: [{ v1Compatibility: '' }] });
    expect(manifest.mediaType).toBe(MEDIA_TYPES.dockerSchema1);
    expect(manifest.canonical).toBe(bytes);
  });

  it('is bounded', () => {
    expect(() => parseSignedManifest(encoder.encode(sign()), { maxBytes: 10 })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }) as Error,
    );
  });
});

describe('verifySignedManifest', () => {
  it.each([
    [manifestOf([{}, {}], 1), 'length of history not equal to number of layers for "busybox"'],
    [manifestOf([]), 'no FSLayers in manifest for "busybox"'],
    [{ ...manifestOf([]), schemaVersion: 3 }, 'unsupported schema version 3 for "busybox"'],
  ])('refuses what moby refuses: case %#', (manifest, message) => {
    expect(() => {
      verifySignedManifest(manifest, 'busybox');
    }).toThrow(message);
  });
});

describe('fixManifestLayers', () => {
  function blobs(manifest: SignedManifest): string[] {
    return manifest.fsLayers.map(({ blobSum }) => blobSum.slice(7, 8));
  }

  it('drops layers that follow themselves, and keeps the lowest', () => {
    const fixed = fixManifestLayers(
      manifestOf([{ id: A, parent: B }, { id: A, parent: B }, { id: B, parent: C }, { id: C }, { id: C }]),
    );
    expect(blobs(fixed)).toEqual(['1', '2', '4']);
    expect(fixed.history).toHaveLength(3);
  });

  it('leaves what is right as it is', () => {
    const manifest = manifestOf([{ id: A, parent: B }, { id: B }]);
    expect(fixManifestLayers(manifest)).toEqual(manifest);
    expect(fixManifestLayers(manifestOf([]))).toEqual(manifestOf([]));
  });

  it.each([
    [[{ id: 'A' }], 'image ID "A" is invalid'],
    [[{}], 'image ID "" is invalid'],
    [[{ id: A, parent: B }], 'invalid parent ID in the base layer of the image'],
    [
      [{ id: A, parent: B }, { id: B, parent: A }, { id: A }],
      `ID ${String(A)} appears multiple times in manifest`,
    ],
    [[{ id: A, parent: C }, { id: B }], `invalid parent ID. Expected ${String(B)}, got ${String(C)}`],
    [[{ id: A }, { id: B }], `invalid parent ID. Expected ${String(B)}, got `],
    [[{ id: 5 }], 'invalid image at id'],
  ])('refuses %j', (history, message) => {
    expect(() => fixManifestLayers(manifestOf(history))).toThrow(message);
  });

  it('lets the base have a parent on Windows', () => {
    expect(blobs(fixManifestLayers(manifestOf([{ id: A, parent: B }]), { os: 'windows' }))).toEqual(['0']);
  });
});

describe('readSignedManifest', () => {
  it('turns around, and leaves out what made no layer', () => {
    const { layers, history } = readSignedManifest(
      manifestOf([
        { comment: 'top' },
        { comment: 'none', Throwaway: true },
        { comment: 'base', throwaway: false },
      ]),
    );
    expect(layers.map((digest) => digest.slice(7, 8))).toEqual(['2', '0']);
    expect(history.map((step) => [step.comment, step.empty_layer])).toEqual([
      ['base', undefined],
      ['none', true],
      ['top', undefined],
    ]);
  });

  it.each([[{ throwaway: 'yes' }], [{ author: 1 }]])('refuses %j', (image) => {
    expect(() => readSignedManifest(manifestOf([image]))).toThrow(
      expect.objectContaining({ code: 'INVALID_MANIFEST' }) as Error,
    );
  });
});
