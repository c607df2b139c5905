import { describe, expect, it } from 'vitest';
import { checkWindowsVersion } from './platform-windows.ts';

describe('checkWindowsVersion', () => {
  it.each([
    '10.0.17763',
    '10.0.17763.1577',
    '10.0.14393.1',
    '99.99.1',
    '',
    '10',
    '10.0',
    '10.0.',
    '10.0.x',
    '10.0.-1',
  ])('lets %j pass on an equal or newer build, or where there is none', (version) => {
    expect(() => {
      checkWindowsVersion(version, '10.0.17763');
    }).not.toThrow();
  });

  it.each([
    ['10.0.17764', '10.0.17764'],
    ['10.0.20348.169', '10.0.20348'],
    ['9.5.20348', '9.5.20348'],
    ['a.b.99999999999999999999', 'a.b.99999999999999999999'],
  ])('refuses %j, which is newer', (version, shown) => {
    expect(() => {
      checkWindowsVersion(version, '10.0.17763.1');
    }).toThrow(
      expect.objectContaining({
        code: 'PLATFORM_MISMATCH',
        message: `a Windows version ${shown}-based image is incompatible with a 10.0.17763 host`,
      }) as Error,
    );
  });

  it('wants a version of the host', () => {
    expect(() => {
      checkWindowsVersion('10.0.1', 'Windows 11');
    }).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error);
  });
});
