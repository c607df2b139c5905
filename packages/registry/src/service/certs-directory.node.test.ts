import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCertsDirectory } from './certs-directory.ts';
import { createRegistryService } from './registry-service.ts';
import { CERTIFICATE, KEY } from '../test-support/certificate.ts';
import { rejection } from '../test-support/fixtures.ts';
import { makeHelperDirectory } from '../test-support/helper-directory.ts';
import type { HelperDirectory } from '../test-support/helper-directory.ts';

const HOST = 'registry.example:5000';

let directory: HelperDirectory;

beforeEach(async () => {
  directory = await makeHelperDirectory();
});

afterEach(async () => {
  await directory[Symbol.asyncDispose]();
});

async function put(files: Readonly<Record<string, string>>, host: string = HOST): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = directory.file(`${host}/${name}`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

describe('readCertsDirectory', () => {
  it('reads authorities and the certificate of the client', async () => {
    await put({
      'b.crt': 'B',
      'a.crt': 'A',
      'client.cert': CERTIFICATE,
      'client.key': KEY,
      'README.md': 'x',
    });
    expect(await readCertsDirectory(directory.path, HOST)).toEqual({
      ca: ['A', 'B'],
      cert: CERTIFICATE,
      key: KEY,
    });
  });

  it('uses the first of several pairs', async () => {
    await put({ 'b.cert': 'b', 'b.key': 'b', 'a.cert': 'a', 'a.key': 'a' });
    expect(await readCertsDirectory(directory.path, HOST)).toEqual({ cert: 'a', key: 'a' });
  });

  it('goes by the whole host, its port included', async () => {
    await put({ 'ca.crt': 'A' }, 'registry.example');
    expect(await readCertsDirectory(directory.path, 'registry.example')).toEqual({ ca: ['A'] });
    for (const host of [HOST, 'registry', 'example', 'a.registry.example']) {
      expect(await readCertsDirectory(directory.path, host)).toBeUndefined();
    }
    expect(await readCertsDirectory(directory.file('missing'), HOST)).toBeUndefined();
  });

  it.each([
    [
      { 'client.cert': 'x' },
      'missing key client.key for client certificate client.cert. Note that CA certificates should use the extension .crt',
    ],
    [{ 'client.key': 'x' }, 'Missing client certificate client.cert for key client.key'],
    [{ 'a.cert': 'x', 'a.key': 'x', 'b.key': 'x' }, 'Missing client certificate b.cert for key b.key'],
  ])('refuses half of a pair: %j', async (files: Readonly<Record<string, string>>, message) => {
    await put(files);
    await expect(readCertsDirectory(directory.path, HOST)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message,
    });
  });

  it('refuses what cannot be a certificate', async () => {
    await put({ 'ca.crt': 'x'.repeat(1024 * 1024 + 1) });
    await expect(readCertsDirectory(directory.path, HOST)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await mkdir(directory.file('a.example/ca.crt'), { recursive: true });
    await expect(readCertsDirectory(directory.path, 'a.example')).rejects.toMatchObject({ code: 'STORAGE' });
    await directory.write('b.example', 'a file');
    await expect(readCertsDirectory(directory.path, 'b.example')).rejects.toMatchObject({
      code: 'STORAGE',
      message: expect.stringMatching(/^cannot read certificates: ENOTDIR/) as string,
    });
  });

  it('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    expect(await rejection(readCertsDirectory(directory.path, HOST, { signal }))).toBe(reason);
  });
});

describe('a service with certificates', () => {
  it('gives them to the endpoints of their host, also to a mirror', async () => {
    await put({ 'ca.crt': 'A' });
    await put({ 'ca.crt': 'M' }, 'mirror.example');
    const service = createRegistryService({
      certsDir: directory.path,
      mirrors: { [HOST]: ['https://mirror.example'] },
    });
    const endpoints = await service.lookupPullEndpoints(HOST);
    expect(endpoints.map(({ url, tls }) => [url, tls])).toEqual([
      ['https://mirror.example', { ca: ['M'] }],
      ['https://registry.example:5000', { ca: ['A'] }],
    ]);
    const [other] = await service.lookupPushEndpoints('registry.example');
    expect(other?.tls).toBeUndefined();
  });

  it('needs none for a mirror without TLS', async () => {
    await put({ 'client.key': 'alone' }, 'mirror.example');
    const service = createRegistryService({ certsDir: directory.path, mirrors: ['http://mirror.example'] });
    const [mirror] = await service.lookupPullEndpoints('docker.io');
    expect(mirror).toEqual({ url: 'http://mirror.example', mirror: true, official: false, insecure: false });
  });

  it('needs none for an insecure registry', async () => {
    await put({ 'client.key': 'alone' });
    const service = createRegistryService({ certsDir: directory.path, insecureRegistries: [HOST] });
    expect((await service.lookupPullEndpoints(HOST)).map(({ tls }) => tls)).toEqual([undefined, undefined]);
    const strict = createRegistryService({ certsDir: directory.path });
    await expect(strict.lookupPullEndpoints(HOST)).rejects.toThrow('Missing client certificate');
  });
});
