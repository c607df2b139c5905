import { DEFAULT_DOMAIN } from '@stowage/types';

/** Where docker's users are logged in who name no registry. */
const HUB_ADDRESS = 'https://index.docker.io/v1/';
const HUB_HOSTS: readonly string[] = [DEFAULT_DOMAIN, 'index.docker.io'];

/** The registry that a login is for. */
export interface RegistryAddress {
  /** Host and port; `docker.io` for Docker Hub. */
  readonly host: string;
  /** What people are shown. */
  readonly shown: string;
}

/** The registry that the argument of `login` and `logout` names, which may be a URL; Docker Hub where there is none. */
export function registryAddress(text: string = DEFAULT_DOMAIN): RegistryAddress {
  const [host = ''] = text.replace(/^https?:\/\//i, '').split('/', 1);
  return HUB_HOSTS.includes(host) ? { host: DEFAULT_DOMAIN, shown: HUB_ADDRESS } : { host, shown: host };
}
