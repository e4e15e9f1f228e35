import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** An authority of one run, a server and a client it vouches for, and a client it does not. */
export interface Certificates {
  readonly ca: string;
  readonly server: Identity;
  readonly client: Identity;
  readonly stranger: Identity;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'postern-kmip-'));
  try {
    for (const authority of ['ca', 'other']) makeAuthority(folder, authority);
    return {
      ca: readFileSync(join(folder, 'ca.pem'), 'utf8'),
      server: issue(folder, 'ca', 'server', 'subjectAltName=IP:127.0.0.1,DNS:localhost'),
      client: issue(folder, 'ca', 'client', 'extendedKeyUsage=clientAuth'),
      stranger: issue(folder, 'other', 'stranger', 'extendedKeyUsage=clientAuth'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const openssl = (folder: string, ...words: readonly string[]): void => {
  execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
};

function makeAuthority(folder: string, name: string): void {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
  openssl(folder, 'req', '-x509', ...NEW_KEY, ...files, '-subj', `/CN=${name}`, '-days', '1');
}

function issue(folder: string, authority: string, name: string, extension: string): Identity {
  writeFileSync(join(folder, `${name}.ext`), extension);
  openssl(folder, 'req', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  const signer = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-CAcreateserial'];
  const signed = ['-days', '1', '-extfile', `${name}.ext`, '-out', `${name}.pem`];
  openssl(folder, 'x509', '-req', '-in', `${name}.csr`, ...signer, ...signed);
  const text = (ending: string): string => readFileSync(join(folder, `${name}.${ending}`), 'utf8');
  return { cert: text('pem'), key: text('key') };
}
