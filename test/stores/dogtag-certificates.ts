import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate that signs itself, of a day, made by OpenSSL: Node makes none. */
export function createCertificate(subject: string, words: readonly string[]): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'postern-certificate-'));
  try {
    const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')];
    const named = ['-subj', `/CN=${subject}`, '-days', '1'];
    execFileSync('openssl', ['req', '-x509', '-nodes', ...words, ...files, ...named], { stdio: 'ignore' });
    const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
    return { cert: text('cert'), key: text('key') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const RSA = (bits: number): readonly string[] => ['-newkey', `rsa:${bits}`];
export const EC: readonly string[] = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
export const LOOPBACK: readonly string[] = ['-addext', 'subjectAltName=IP:127.0.0.1'];
