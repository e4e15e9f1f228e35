import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import type { SecretType } from '../../src/model/secret.ts';
import { createCertificate, EC } from '../stores/dogtag-certificates.ts';
import { pathOf, send } from './client.ts';

/** A secret, and what whoever reads it must get. */
export interface KnownSecret {
  readonly id: string;
  readonly path: string;
  readonly project: string;
  readonly bytes: Buffer;
  readonly contentType: ContentType;
}

type ContentType = 'text/plain' | 'application/octet-stream';

interface Sample {
  readonly secretType: SecretType;
  readonly contentType: ContentType;
  readonly algorithm?: string;
  readonly bytes: () => Buffer;
}

const BINARY = 'application/octet-stream';
/** The broker's default limit. */
const LARGEST = 20_000;
/** In UTF-16 units, of three bytes at most. */
const LARGEST_TEXT = 6_666;
/** What base64 makes more than that of goes the second step's way. */
const LARGEST_AT_ONCE = 15_000;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const certificate = createCertificate('moved', EC).cert;
const derOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64');
/** Without spaces: the API strips them off both ends of a text. */
const text = (length: number): Buffer => Buffer.from('ß鍵🔑:key:'.repeat(length).slice(0, length));

const fixed = (secretType: SecretType, bytes: Buffer, algorithm?: string): Sample => ({
  secretType,
  contentType: BINARY,
  bytes: () => bytes,
  ...(algorithm === undefined ? {} : { algorithm }),
});
const random = (secretType: SecretType, least: number, most: number, algorithm?: string): Sample => ({
  ...fixed(secretType, Buffer.alloc(0), algorithm),
  bytes: () => randomBytes(randomInt(least, most + 1)),
});

/** Every type, in every form that stores treat differently, from one byte to the most there may be. */
const SAMPLES: readonly Sample[] = [
  random('symmetric', 32, 32, 'aes'),
  random('symmetric', 64, 64, 'hmacsha512'),
  random('symmetric', 1, 100),
  { secretType: 'passphrase', contentType: 'text/plain', bytes: () => text(randomInt(1, 200)) },
  fixed('private', rsa.privateKey.export({ type: 'pkcs8', format: 'der' }), 'rsa'),
  fixed('private', Buffer.from(ec.privateKey.export({ type: 'pkcs8', format: 'pem' }))),
  fixed('public', rsa.publicKey.export({ type: 'spki', format: 'der' }), 'rsa'),
  fixed('public', Buffer.from(ec.publicKey.export({ type: 'spki', format: 'pem' }))),
  fixed('certificate', derOf(certificate)),
  fixed('certificate', Buffer.from(certificate)),
  random('opaque', 1, 1),
  random('opaque', 2, LARGEST_AT_ONCE),
  random('opaque', LARGEST, LARGEST),
  { secretType: 'opaque', contentType: 'text/plain', bytes: () => text(randomInt(1, LARGEST_TEXT)) },
];

/** Over the API, in one step, or in two where a payload is too large for one. `index`: which of the kinds, in turn. */
export async function createKnownSecret(url: string, project: string, index: number): Promise<KnownSecret> {
  const sample = SAMPLES[index % SAMPLES.length]!;
  const { contentType, secretType, algorithm } = sample;
  const bytes = sample.bytes();
  const metadata = {
    name: 'moved',
    secret_type: secretType,
    ...(algorithm === undefined ? {} : { algorithm }),
  };
  const isAtOnce = bytes.length <= LARGEST_AT_ONCE;
  const body = isAtOnce ? { ...metadata, ...payloadFields(bytes, contentType) } : metadata;
  const path = pathOf(await send(url, 'POST', '/v1/secrets', { project, body }));
  if (!isAtOnce) {
    const headers = { 'Content-Type': contentType };
    const { status, text: said } = await send(url, 'PUT', path, { project, body: bytes, headers });
    if (status !== 204) throw new Error(`no payload was stored: ${status} ${said}`);
  }
  return { id: path.slice(path.lastIndexOf('/') + 1), path, project, bytes, contentType };
}

function payloadFields(bytes: Buffer, contentType: ContentType): Readonly<Record<string, string>> {
  if (contentType === 'text/plain')
    return { payload: bytes.toString('utf8'), payload_content_type: contentType };
  return {
    payload: bytes.toString('base64'),
    payload_content_type: contentType,
    payload_content_encoding: 'base64',
  };
}
