import { StowageError } from '@stowage/types';

/** What a blob is labelled with. */
export type Labels = Readonly<Record<string, string>>;

/** The most characters that the labels of one blob have together. */
const MAX_CHARACTERS = 1024 * 1024;

/**
 * Labels changed by others: an empty value removes its label. Always a new object.
 *
 * @throws `INVALID_ARGUMENT` for an empty name or a value that is no string, `LIMIT_EXCEEDED` beyond 2^20 characters
 */
export function mergeLabels(labels: Labels, changes: Labels = {}): Labels {
  const merged = new Map(Object.entries(labels));
  for (const [name, value] of Object.entries(changes)) {
    if (name === '' || typeof value !== 'string') {
      throw new StowageError('INVALID_ARGUMENT', `label ${JSON.stringify(name)} is no pair of strings`);
    }
    if (value === '') merged.delete(name);
    else merged.set(name, value);
  }
  let characters = 0;
  for (const [name, value] of merged) characters += name.length + value.length;
  if (characters > MAX_CHARACTERS) {
    throw new StowageError('LIMIT_EXCEEDED', `labels have at most ${MAX_CHARACTERS} characters together`);
  }
  return Object.fromEntries(merged);
}
