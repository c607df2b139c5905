import { formatJsonProgress } from '@stowage/types';
import type { Progress } from '@stowage/types';
import type { DockerLine } from './dockerd.ts';

/** Steps of progress in the form of the command's `--json`. */
export function toLines(steps: readonly Progress[]): DockerLine[] {
  return steps.map((step) => JSON.parse(formatJsonProgress(step)) as DockerLine);
}

/** What was said of each layer, by its ID, in order of first mention and without repetitions in a row. */
export function layerSteps(lines: readonly DockerLine[]): Record<string, string[]> {
  const steps: Record<string, string[]> = {};
  for (const { id = '', status = '' } of lines) {
    if (!isLayer(id)) continue;
    const said = (steps[id] ??= []);
    if (said.at(-1) !== status) said.push(status);
  }
  return steps;
}

/**
 * The lines of a pull without counts of bytes, as `ID: STATUS`. Layers are brought in side by side, and dockerd leaves
 * out steps of theirs when it is busy: of each layer there is only its first and its last step here, where the first
 * step of the first of them was; {@link layerSteps} has the rest.
 */
export function pullLines(lines: readonly DockerLine[]): string[] {
  const result: string[] = [];
  let layers: DockerLine[] = [];
  const flush = (): void => {
    for (const [id, steps] of Object.entries(layerSteps(layers))) {
      const ends = steps.length === 1 ? steps : [steps[0], steps.at(-1)];
      result.push(...ends.map((status) => `${id}: ${status ?? ''}`));
    }
    layers = [];
  };
  for (const line of lines) {
    const { id = '', status = '', error } = line;
    if (isLayer(id)) {
      layers.push(line);
      continue;
    }
    flush();
    if (error !== undefined) result.push(`error: ${error}`);
    else result.push(id === '' ? status : `${id}: ${status}`);
  }
  flush();
  return result;
}

function isLayer(id: string): boolean {
  return /^[0-9a-f]{12}$/.test(id);
}
