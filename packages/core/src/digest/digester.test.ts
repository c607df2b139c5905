import { isStowageError } from '@stowage/types';
import type { DigestAlgorithm } from '@stowage/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backends } from '../backends.ts';
import { createDigester } from './digester.ts';
import type { DigestBackend } from './digester.ts';

const ABC = new TextEncoder().encode('abc');

/** FIPS 180-4 examples for "abc". */
const ABC_DIGESTS = {
  sha256: 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  sha384:
    'sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  sha512:
    'sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
    '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
} as const;
const ALGORITHMS = ['sha256', 'sha384', 'sha512'] as const satisfies DigestAlgorithm[];
const BACKENDS: readonly DigestBackend[] = ['native', 'wasm', 'js'];

/** What can run here. */
const CHOICES = BACKENDS.filter((backend) => backend !== 'native' || backends().sha256 === 'native').flatMap(
  (backend) => ALGORITHMS.map((algorithm) => [backend, algorithm] as const),
);
const RESUMABLE = CHOICES.filter(([backend]) => backend !== 'native');

describe('createDigester', () => {
  it.each(CHOICES)('hashes with %s %s', async (backend, algorithm) => {
    const digester = await createDigester(algorithm, { backend });
    digester.update(ABC);
    expect(digester.algorithm).toBe(algorithm);
    expect(digester.digest()).toBe(ABC_DIGESTS[algorithm]);
  });

  it('takes sha256 and the best backend when nothing is named', async () => {
    const digester = await createDigester();
    digester.update(ABC);
    expect(digester.digest()).toBe(ABC_DIGESTS.sha256);
  });

  it.each(CHOICES)('is spent after digest with %s %s', async (backend, algorithm) => {
    const digester = await createDigester(algorithm, { backend });
    digester.digest();
    const uses = [
      () => digester.digest(),
      () => {
        digester.update(ABC);
      },
      ...(digester.save === undefined ? [] : [() => digester.save?.()]),
    ];
    for (const use of uses) expect(use).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it.each(RESUMABLE)(
    'goes on from a saved state with %s %s, and others with it',
    async (backend, algorithm) => {
      const digester = await createDigester(algorithm, { backend, resumable: true });
      digester.update(ABC.subarray(0, 1));
      const state = digester.save();
      digester.update(ABC);
      digester.digest();
      const others = RESUMABLE.filter(([, theirs]) => theirs === algorithm).map(([theirs]) =>
        createDigester(algorithm, { backend: theirs, resumable: true }),
      );
      for (const resumed of [digester, ...(await Promise.all(others))]) {
        resumed.restore(state);
        resumed.update(ABC.subarray(1));
        expect(resumed.digest()).toBe(ABC_DIGESTS[algorithm]);
      }
    },
  );

  it.each(RESUMABLE)(
    'refuses a state that is not its own with %s %s, and goes on',
    async (backend, algorithm) => {
      const digester = await createDigester(algorithm, { backend, resumable: true });
      digester.update(ABC);
      const other = await createDigester(algorithm === 'sha384' ? 'sha512' : 'sha384', { resumable: true });
      for (const state of [new Uint8Array(3), other.save()]) {
        expect(() => {
          digester.restore(state);
        }).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
      }
      expect(digester.digest()).toBe(ABC_DIGESTS[algorithm]);
      expect(() => {
        digester.restore(new Uint8Array(3));
      }).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
      expect(() => digester.digest()).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    },
  );

  it('saves its state in every runtime when asked to', async () => {
    const digester = await createDigester(undefined, { resumable: true });
    digester.update(ABC.subarray(0, 2));
    const state = digester.save();
    expect(state.length).toBe(10 + 32 + 2);
    digester.update(ABC.subarray(2));
    expect(digester.digest()).toBe(ABC_DIGESTS.sha256);
    await expect(createDigester('sha256', { backend: 'native', resumable: true })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  });

  it('keeps digesters apart', async () => {
    const [a, b] = await Promise.all([
      createDigester('sha256', { backend: 'wasm' }),
      createDigester('sha256', { backend: 'wasm' }),
    ]);
    a.update(ABC.subarray(0, 1));
    b.update(ABC);
    a.update(ABC.subarray(1));
    expect([a.digest(), b.digest()]).toEqual([ABC_DIGESTS.sha256, ABC_DIGESTS.sha256]);
  });

  it('gives the same digest with every backend, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), async (chunks) => {
        const digests = await Promise.all(
          CHOICES.filter(([, algorithm]) => algorithm === 'sha256').map(async ([backend, algorithm]) => {
            const digester = await createDigester(algorithm, { backend });
            for (const chunk of chunks) digester.update(chunk);
            return digester.digest();
          }),
        );
        expect(new Set(digests).size).toBe(1);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses algorithms that it does not know', async () => {
    for (const algorithm of ['md5', 'toString', ''] as unknown as DigestAlgorithm[]) {
      for (const backend of BACKENDS) {
        const error: unknown = await createDigester(algorithm, { backend }).catch((e: unknown) => e);
        expect(isStowageError(error, 'UNSUPPORTED')).toBe(true);
      }
    }
  });
});
