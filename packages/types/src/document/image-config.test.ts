import { describe, expect, it } from 'vitest';
import { RawJson } from '../go-json/go-json-raw.ts';
import { encodeImageConfig, parseImageConfig, parsePartialImageConfig } from './image-config.ts';
import type { ImageConfig } from './image-config.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const rootfs = { type: 'layers', diff_ids: [DIGEST] };

function parse(value: unknown): ImageConfig {
  return parseImageConfig(
    new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)),
  );
}

describe('parseImageConfig', () => {
  it('reads what is known and keeps the rest', () => {
    const parsed = parse({
      os: 'linux',
      architecture: 'amd64',
      rootfs,
      history: [{ created_by: 'a' }, { empty_layer: true }],
      config: {
        Env: ['A=b', null],
        Labels: null,
        ExposedPorts: { '80/tcp': {} },
        Healthcheck: { Test: ['x'] },
      },
      'moby.x': 1,
    });
    expect(parsed.rootfs.diff_ids).toEqual([DIGEST]);
    expect(parsed.config).toEqual({
      Env: ['A=b', ''],
      ExposedPorts: { '80/tcp': {} },
      Healthcheck: { Test: ['x'] },
    });
    expect(parsed).toHaveProperty(['moby.x'], 1);
  });

  it('finds members in any case, and the last of them', () => {
    const parsed = parse(
      `{"OS":"a","os":"linux","RootFS":{"TYPE":"layers","Diff_IDs":["${DIGEST}"]},` +
        '"Config":{"cmd":"run","ENTRYPOINT":["a",null],"oſ":1,"wor\u212aingdir":"/"},"created":null}',
    );
    expect(parsed.os).toBe('linux');
    expect(parsed.rootfs).toEqual(rootfs);
    expect(parsed.config).toEqual({ Cmd: ['run'], Entrypoint: ['a', ''], oſ: 1, WorkingDir: '/' });
    expect('created' in parsed).toBe(false);
  });

  it('reads all that docker keeps', () => {
    const config = {
      Hostname: 'h',
      Domainname: 'd',
      User: 'u',
      AttachStdin: true,
      AttachStdout: false,
      AttachStderr: true,
      ExposedPorts: { '80/tcp': {} },
      Tty: true,
      OpenStdin: true,
      StdinOnce: true,
      Env: ['A=b'],
      Cmd: ['c'],
      Healthcheck: { Test: ['NONE'], Interval: 1, Timeout: 2, StartPeriod: 3, Retries: 4 },
      ArgsEscaped: true,
      Image: 'i',
      Volumes: { '/v': {} },
      WorkingDir: '/w',
      Entrypoint: ['e'],
      NetworkDisabled: true,
      MacAddress: 'm',
      OnBuild: ['RUN x'],
      Labels: { a: 'b' },
      StopSignal: 'SIGINT',
      StopTimeout: 0,
      Shell: ['sh'],
    };
    const parsed = parse({ rootfs, config });
    expect(parsed.config).toEqual(config);
    // In docker's order, that is in the order above.
    expect(new TextDecoder().decode(encodeImageConfig(parsed))).toContain(
      `"config":${JSON.stringify(config)}`,
    );
  });

  it('keeps numbers that JavaScript cannot count to', () => {
    const parsed = parse('{"rootfs":{"type":"layers"},"Size":9223372036854775807,"x":1.0}');
    expect(parsed.Size).toEqual(new RawJson('9223372036854775807'));
    expect(new TextDecoder().decode(encodeImageConfig(parsed))).toContain('"Size":9223372036854775807');
  });

  it.each([
    [{ os: 'linux' }, 'invalid image JSON, no RootFS key'],
    [{ rootfs: null }, 'invalid image JSON, no RootFS key'],
    [{ rootfs, history: [{}, {}] }, 'too many non-empty layers in History section'],
    [{ rootfs: { type: 'layers', diff_ids: ['sha256:x'] } }, 'at rootfs.diff_ids.0: invalid digest'],
    [{ rootfs: { diff_ids: [] } }, 'at rootfs.type'],
    [{ rootfs, config: { Env: 'A=b' } }, 'at config.Env'],
    [{ rootfs, config: { Healthcheck: [] } }, 'at config.Healthcheck'],
    [
      { rootfs, config: { Healthcheck: { Interval: 1.5 } } },
      'at config.Healthcheck.Interval: invalid integer',
    ],
    [{ rootfs, config: { Labels: { a: 1 } } }, 'at config.Labels.a'],
    [{ rootfs, config: { Labels: [] } }, 'at config.Labels'],
    [{ rootfs, history: [5] }, 'at history.0'],
    [{ rootfs, history: {} }, 'at history'],
    ['{"rootfs":{"type":"layers"},"Size":1e3}', 'at Size'],
    ['{"rootfs":{"type":"layers"},"Size":9223372036854775808}', 'at Size'],
    ['{"rootfs":12345678901234567890}', 'at rootfs'],
    ['12345678901234567890', 'is not a JSON object'],
  ])('refuses %j', (value, message) => {
    expect(() => parse(value)).toThrow(message);
  });

  it('is bounded', () => {
    const bytes = new TextEncoder().encode(JSON.stringify({ rootfs }));
    expect(() => parseImageConfig(bytes, { maxBytes: bytes.length - 1 })).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }) as Error,
    );
    expect(parseImageConfig(bytes, { maxBytes: bytes.length }).rootfs).toEqual(rootfs);
  });
});

describe('encodeImageConfig', () => {
  it('refuses times that are none', () => {
    expect(() => encodeImageConfig({ created: 'now', rootfs: { type: 'layers', diff_ids: [] } })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
    );
  });
});

describe('parsePartialImageConfig', () => {
  const partial = (value: unknown): Partial<ImageConfig> =>
    parsePartialImageConfig(new TextEncoder().encode(JSON.stringify(value)));

  it('needs no layers, and compares nothing with them', () => {
    expect(partial({ OS: 'linux', history: [{}], more: 1 })).toEqual({ os: 'linux', history: [{}], more: 1 });
    expect(partial({ rootfs, history: [{}, {}] }).rootfs).toEqual(rootfs);
  });

  it('refuses what is malformed', () => {
    expect(() => partial({ rootfs: {} })).toThrow('invalid image configuration at rootfs.type');
    expect(() => partial({ os: 1 })).toThrow('invalid image configuration at os');
    expect(() => partial('x')).toThrow('image configuration is not a JSON object');
  });
});
