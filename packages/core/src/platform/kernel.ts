import { StowageError } from '@stowage/types';

/** Modules that were compiled, or are on the way, by their text. */
const modules = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Compiles a WebAssembly kernel, once for each text however often it is asked for.
 *
 * @param base64 the module, as `src/generated/` has it
 * @throws `UNSUPPORTED` where WebAssembly is missing or forbidden, or the engine lacks what the kernel uses
 */
export function compileKernel(base64: string): Promise<WebAssembly.Module> {
  const known = modules.get(base64);
  if (known !== undefined) return known;
  const compiling = compile(base64);
  modules.set(base64, compiling);
  // Not kept: what failed for want of memory may work later.
  compiling.catch(() => modules.delete(base64));
  return compiling;
}

/**
 * Compiles and instantiates a kernel at once. For small ones: pages limit how large a module this is done to.
 *
 * @returns `undefined` where WebAssembly is missing or forbidden
 */
export function instantiateKernel(base64: string): WebAssembly.Instance | undefined {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(decode(base64)));
  } catch {
    return undefined;
  }
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

async function compile(base64: string): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(decode(base64));
  } catch (cause) {
    throw new StowageError('UNSUPPORTED', 'this runtime cannot run WebAssembly', { cause });
  }
}
