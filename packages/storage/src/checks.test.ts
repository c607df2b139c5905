import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkKey, checkLockName, checkRef, checkTruncation, resolveRange } from './checks.ts';
import { mergeLabels } from './labels.ts';

const size = fc.integer({ min: 0, max: 1000 });

describe('checks', () => {
  it('resolve every range as slicing does', () => {
    fc.assert(
      fc.property(size, size, fc.option(size, { nil: undefined }), (total, offset, length) => {
        fc.pre(offset <= total);
        const whole = Array.from({ length: total }, (_, index) => index);
        const { start, end } = resolveRange({ offset, length }, total);
        const wanted = whole.slice(offset, length === undefined ? undefined : offset + length);
        expect(whole.slice(start, end)).toEqual(wanted);
        expect(start).toBeLessThanOrEqual(end);
      }),
    );
  });

  it('let no lock name through that could be a path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        let passed = true;
        try {
          checkLockName(name);
        } catch {
          passed = false;
        }
        expect(passed).toBe(name.length <= 128 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name));
      }),
    );
  });

  it('take every well-formed ref of a fair length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 500 }), (ref) => {
        expect(() => {
          checkRef(ref);
        }).not.toThrow();
      }),
    );
  });

  it('name what is wrong', () => {
    const messages = [
      [() => resolveRange({ offset: 5 }, 4), 'offset 5 is beyond the end at 4'],
      [() => resolveRange({ length: -1 }, 4), '-1 is no length'],
      [
        () => {
          checkTruncation(5, 4);
        },
        'cannot truncate 4 bytes to 5',
      ],
      [
        () => {
          checkKey('locks', 'x');
        },
        "the namespace locks is the storage's own",
      ],
      [
        () => {
          checkKey('layout', 'x');
        },
        'the OCI layout has no file x',
      ],
    ] as const;
    for (const [check, message] of messages) expect(check).toThrow(message);
  });
});

describe('mergeLabels', () => {
  const labels = fc.dictionary(fc.string({ minLength: 1 }), fc.string());

  it('is what applying one change after the other gives', () => {
    fc.assert(
      fc.property(labels, labels, (before, changes) => {
        const start = mergeLabels({}, before);
        const wanted = new Map(Object.entries(before).filter(([, value]) => value !== ''));
        expect(new Map(Object.entries(start))).toEqual(wanted);
        for (const [name, value] of Object.entries(changes)) {
          wanted.delete(name);
          if (value !== '') wanted.set(name, value);
        }
        expect(new Map(Object.entries(mergeLabels(start, changes)))).toEqual(wanted);
      }),
    );
  });
});
