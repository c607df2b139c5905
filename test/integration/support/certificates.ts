import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';

/** A key and its certificate, both the paths of PEM files. */
export interface CertificateFiles {
  readonly key: string;
  readonly certificate: string;
}

/** How a key is made: for RS256, or for ES256 and everything else. */
export type KeyKind = 'rsa' | 'ec';

/** What else than 127.0.0.1 certificates of {@link createCertificate} hold for. */
export const CERTIFIED_NAME = 'registry.test';

/** Makes a key with a certificate that it signs itself; one that may sign others. */
export async function createAuthority(
  directory: string,
  name: string,
  kind: KeyKind = 'ec',
): Promise<CertificateFiles> {
  const files = filesOf(directory, name);
  const algorithm = kind === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const subject = ['-subj', `/CN=${name}`, '-days', '2', '-nodes'];
  await openssl([
    'req',
    '-x509',
    '-newkey',
    ...algorithm,
    '-keyout',
    files.key,
    '-out',
    files.certificate,
    ...subject,
  ]);
  return files;
}

/** Makes a key with a certificate that an authority signs; it holds for 127.0.0.1 and a name, and for clients. */
export async function createCertificate(
  directory: string,
  name: string,
  authority: CertificateFiles,
): Promise<CertificateFiles> {
  const files = filesOf(directory, name);
  const request = join(directory, `${name}.csr`);
  const extensions = join(directory, `${name}.ext`);
  const names = `subjectAltName=IP:127.0.0.1,DNS:${CERTIFIED_NAME}`;
  await writeFile(extensions, `${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', files.key, '-nodes'];
  await openssl(['req', ...key, '-out', request, '-subj', `/CN=${name}`]);
  const signer = ['-CA', authority.certificate, '-CAkey', authority.key, '-CAcreateserial', '-days', '2'];
  await openssl([
    'x509',
    '-req',
    '-in',
    request,
    '-out',
    files.certificate,
    '-extfile',
    extensions,
    ...signer,
  ]);
  return files;
}

function filesOf(directory: string, name: string): CertificateFiles {
  return { key: join(directory, `${name}.key`), certificate: join(directory, `${name}.pem`) };
}

async function openssl(args: readonly string[]): Promise<void> {
  await runCommand('openssl', args);
}
