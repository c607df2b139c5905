import type { AbortOptions, Bytes, MetadataStore } from '@stowage/types';
import { checkKey, checkNamespace, checkValueSize } from './checks.ts';
import { initialLayout } from './oci-layout.ts';
import { settle } from './settle.ts';

/** Small values in memory. */
export class MemoryMetadataStore implements MetadataStore {
  readonly #namespaces = new Map<string, Map<string, Bytes>>([['layout', new Map(initialLayout())]]);

  get(namespace: string, key: string, { signal }: AbortOptions = {}): Promise<Bytes | undefined> {
    return settle(() => {
      signal?.throwIfAborted();
      checkKey(namespace, key);
      return this.#namespaces.get(namespace)?.get(key)?.slice();
    });
  }

  set(namespace: string, key: string, value: Bytes, { signal }: AbortOptions = {}): Promise<void> {
    return settle(() => {
      signal?.throwIfAborted();
      checkKey(namespace, key);
      checkValueSize(value.byteLength);
      const values = this.#namespaces.get(namespace) ?? new Map<string, Bytes>();
      values.set(key, value.slice());
      this.#namespaces.set(namespace, values);
    });
  }

  delete(namespace: string, key: string, { signal }: AbortOptions = {}): Promise<void> {
    return settle(() => {
      signal?.throwIfAborted();
      checkKey(namespace, key);
      this.#namespaces.get(namespace)?.delete(key);
    });
  }

  async *keys(namespace: string, { signal }: AbortOptions = {}): AsyncGenerator<string, void, undefined> {
    signal?.throwIfAborted();
    checkNamespace(namespace);
    for (const key of [...(this.#namespaces.get(namespace)?.keys() ?? [])]) {
      signal?.throwIfAborted();
      yield await Promise.resolve(key);
    }
  }
}
