import { parseReference } from '@stowage/types';

/** Whether a text is a registry's host, with or without a port, by the grammar of references. */
export function isRegistryHost(text: string): boolean {
  try {
    return parseReference(`${text}/name`).domain === text && URL.canParse(`https://${text}`);
  } catch {
    return false;
  }
}

/** Whether a host is one of the names of Docker Hub in references. */
export function isDockerHub(host: string): boolean {
  return host === 'docker.io' || host === 'index.docker.io';
}
