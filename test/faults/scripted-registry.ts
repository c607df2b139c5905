import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { pushImage } from '../support/image-builder.ts';
import type { BuiltImage } from '../support/image-builder.ts';
import { createScript } from './script.ts';
import type { ScenarioStep, Script } from './script.ts';
import { startScriptedServers } from './scripted-server.ts';
import type { Stalls } from './stalls.ts';

/** A registry that follows a scenario and is sound in everything else. */
export interface ScriptedRegistry {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Every request so far, as `METHOD path`, with its range where it asked for one. */
  readonly requests: readonly string[];
  /** Where answers stand still. */
  readonly stalls: Stalls;
  /** Resolves when no answer is under way any more. */
  idle(): Promise<void>;
  /** Resolves when a request that matches has come. */
  seen(at: RegExp): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a registry that holds `images` by `name:tag` and does what the scenario says.
 *
 * @param names texts that stand for others in the scenario and in `requests`, `{elsewhere}` among them
 */
export async function startScriptedRegistry(
  images: Readonly<Record<string, BuiltImage>>,
  scenario: readonly ScenarioStep[] = [],
  names: Readonly<Record<string, string>> = {},
): Promise<ScriptedRegistry> {
  const registry = createRegistryServer({ storage: createMemoryStorage() });
  for (const [name, image] of Object.entries(images)) {
    const [repository = '', tag = 'latest'] = name.split(':');
    await pushImage((url, init) => registry(new Request(url, init)), 'http://sound', repository, tag, image);
  }
  const waiting = new Set<{ at: RegExp; resolve: () => void }>();
  const script = createScript(registry, scenario);
  for (const [name, value] of Object.entries(names)) script.names.set(name, value);
  const servers = await startScriptedServers(noticing(script, waiting));
  script.names.set('{elsewhere}', servers.elsewhere);
  return {
    host: new URL(servers.registry).host,
    requests: script.requests,
    stalls: servers.stalls,
    idle: () => servers.idle(),
    seen: (at) => new Promise((resolve) => waiting.add({ at, resolve })),
    stop: () => servers.stop(),
  };
}

function noticing(script: Script, waiting: ReadonlySet<{ at: RegExp; resolve: () => void }>): Script {
  return {
    ...script,
    async plan(request) {
      const plan = await script.plan(request);
      for (const { at, resolve } of waiting) if (at.test(`${request.method} ${request.path}`)) resolve();
      return plan;
    },
  };
}
