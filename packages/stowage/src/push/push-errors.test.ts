import { DoNotRetry } from '@stowage/transfer';
import { RegistryError, StowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { explainPushError } from './push-errors.ts';

function answer(status: number, message: string): RegistryError {
  const errors = [{ code: 'DENIED', message }];
  return new RegistryError('DENIED', `denied: ${message}`, {
    method: 'PUT',
    url: 'https://r.test/',
    status,
    errors,
  });
}

describe('explainPushError', () => {
  it.each([
    [412, `configured as immutable.`, 'CONFLICT', 'the registry does not let this tag be moved: denied: '],
    [409, 'tag v1 already exists', 'CONFLICT', 'the registry does not let this tag be moved: denied: '],
    [403, 'quota exceeded', 'LIMIT_EXCEEDED', 'the registry has no room left for this repository: denied: '],
    [507, 'full', 'LIMIT_EXCEEDED', 'the registry has no room left for this repository: denied: '],
  ])('%d %s', (status, message, code, words) => {
    const error = answer(status, message);
    const explained = explainPushError(error);
    expect(explained).toMatchObject({ code, status, cause: error, message: words + message });
  });

  it.each([
    ['another refusal', answer(403, 'requested access to the resource is denied')],
    ['a server at a loss', answer(500, 'quota service is down')],
    ['a question for credentials', answer(401, 'quota')],
    ['an error of ours', new StowageError('NOT_FOUND', 'immutable')],
  ])('leaves %s alone', (_, error) => {
    expect(explainPushError(error)).toBe(error);
    expect(explainPushError(new DoNotRetry(error))).toBe(error);
  });
});
