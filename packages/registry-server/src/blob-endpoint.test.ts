import { describe, expect, it } from 'vitest';
import { codesOf, createTestRegistry, NOBODYS_DIGEST } from './test-support/test-registry.ts';

describe('reading blobs', () => {
  it('sends the whole blob', async () => {
    const { call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', '0123456789');
    const response = await call('GET', `/v2/a/blobs/${digest}`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'content-length': '10',
      'content-type': 'application/octet-stream',
      'docker-content-digest': digest,
      etag: `"${digest}"`,
    });
    expect(await response.text()).toBe('0123456789');
  });

  it('tells of a blob without sending it', async () => {
    const { call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', '0123456789');
    const response = await call('HEAD', `/v2/a/blobs/${digest}`, { headers: { Range: 'bytes=1-2' } });
    expect([response.status, response.body]).toEqual([200, null]);
    expect(response.headers.get('Content-Length')).toBe('10');
    expect(response.headers.get('Docker-Content-Digest')).toBe(digest);
  });

  it.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=9-100', '9', 'bytes 9-9/10'],
  ])('sends %s', async (range, text, contentRange) => {
    const { call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', '0123456789');
    const response = await call('GET', `/v2/a/blobs/${digest}`, { headers: { Range: range } });
    expect([response.status, await response.text()]).toEqual([206, text]);
    expect(response.headers.get('Content-Range')).toBe(contentRange);
    expect(response.headers.get('Content-Length')).toBe(String(text.length));
  });

  it('refuses a range beyond the end and ignores those it does not serve', async () => {
    const { call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', '0123456789');
    const beyond = await call('GET', `/v2/a/blobs/${digest}`, { headers: { Range: 'bytes=10-' } });
    expect([beyond.status, beyond.headers.get('Content-Range')]).toEqual([416, 'bytes */10']);
    const several = await call('GET', `/v2/a/blobs/${digest}`, { headers: { Range: 'bytes=0-1,3-4' } });
    expect([several.status, await several.text()]).toEqual([200, '0123456789']);
  });

  it('honours conditions', async () => {
    const { call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', '0123456789');
    const path = `/v2/a/blobs/${digest}`;
    const known = await call('GET', path, { headers: { 'If-None-Match': `"${digest}"` } });
    expect([known.status, known.body]).toEqual([304, null]);
    const same = await call('GET', path, { headers: { Range: 'bytes=0-0', 'If-Range': `"${digest}"` } });
    expect(same.status).toBe(206);
    const other = await call('GET', path, { headers: { Range: 'bytes=0-0', 'If-Range': '"other"' } });
    expect(other.status).toBe(200);
  });

  it('has the empty blob', async () => {
    const { call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', '');
    const response = await call('GET', `/v2/a/blobs/${digest}`);
    expect([response.status, response.headers.get('Content-Length')]).toEqual([200, '0']);
    expect(await response.text()).toBe('');
  });

  it('does not know a blob of another repository', async () => {
    const { call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', 'blob');
    for (const path of [`/v2/b/blobs/${digest}`, `/v2/a/blobs/${NOBODYS_DIGEST}`]) {
      const response = await call('GET', path);
      expect([response.status, await codesOf(response)]).toEqual([404, ['BLOB_UNKNOWN']]);
    }
  });

  it('answers 404 where the content was lost', async () => {
    const { storage, call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', 'blob');
    await storage.content.delete(digest);
    expect((await call('GET', `/v2/a/blobs/${digest}`)).status).toBe(404);
  });
});

describe('deleting blobs', () => {
  it('row 33: a deleted blob is gone from this repository and stays in the others', async () => {
    const { call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', 'blob');
    await pushBlob('b', 'blob');
    expect((await call('GET', `/v2/a/blobs/${digest}`)).status).toBe(200);
    expect((await call('DELETE', `/v2/a/blobs/${digest}`)).status).toBe(202);
    expect((await call('GET', `/v2/a/blobs/${digest}`)).status).toBe(404);
    expect((await call('HEAD', `/v2/a/blobs/${digest}`)).status).toBe(404);
    expect((await call('POST', `/v2/c/blobs/uploads/?mount=${digest}&from=a`)).status).toBe(202);
    expect(await (await call('GET', `/v2/b/blobs/${digest}`)).text()).toBe('blob');
    const again = await call('DELETE', `/v2/a/blobs/${digest}`);
    expect([again.status, await codesOf(again)]).toEqual([404, ['BLOB_UNKNOWN']]);
  });

  it('takes a deleted blob back when it is pushed again', async () => {
    const { call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', 'blob');
    await call('DELETE', `/v2/a/blobs/${digest}`);
    await pushBlob('a', 'blob');
    expect(await (await call('GET', `/v2/a/blobs/${digest}`)).text()).toBe('blob');
  });
});
