import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { ConfigurationError } from '../../src/errors.ts';
import { guardOptions } from '../../src/stores/guard-options.ts';

/** Never quoted in a refusal: one of them is a key. Arrives as text: the configuration has resolved `{ file: … }`. */
const pem = (what: string) =>
  z.string().refine((text) => text.includes('-----BEGIN '), `expected ${what} as PEM text`);

const tls = z.strictObject({
  /** The authorities that may have signed the server's certificate; no others are trusted. PEM, one or more. */
  ca: pem('certificates'),
  /** Of an agent of the KRA, with its chain if there are authorities between. */
  cert: pem('a certificate'),
  key: pem('a private key'),
  /** Of the private key, if it is encrypted. */
  passphrase: z.string().min(1).optional(),
  /** The name in the server's certificate, where it is not the host of the URL. */
  servername: z.string().min(1).optional(),
});

const seconds = (fallback: number, most: number) => z.number().positive().max(most).default(fallback);

/** A KRA as `stores.configured[]` describes it. */
export const dogtagOptions = z.strictObject({
  kind: z.literal('dogtag'),
  name: z.string().min(1),
  /** Of the server, without a path: `https://kra.example.org:8443`. */
  url: z
    .url({ protocol: /^https$/ })
    .refine((text) => URL.canParse(text) && isOrigin(new URL(text)), 'an https URL without path or user'),
  /** `auto`: version 2 of the REST interface where the server has it (11.6 and later), else the first. */
  api: z.enum(['auto', 'v2', 'rest']).default('auto'),
  tls,
  /** The first part of the client key id of every key of ours. */
  namespace: z
    .string()
    .regex(/^[a-z0-9._-]{1,64}$/, 'small letters, digits, dot, underscore and dash; at most 64')
    .default('postern'),
  /** How session keys are wrapped: as `keyWrap.useOAEP` in the KRA's CS.cfg says. Nothing tells it over the wire. */
  session_key_wrap: z.enum(['rsa-pkcs1', 'rsa-oaep']).default('rsa-pkcs1'),
  /** In seconds, of each attempt. Keys take their own time. */
  timeouts: z
    .strictObject({ connect: seconds(2, 60), request: seconds(10, 60), generate: seconds(30, 60) })
    .prefault({}),
  ...guardOptions({ concurrency: 8, deadline: 30 }),
});
export type DogtagOptions = z.output<typeof dogtagOptions>;

function isOrigin({ pathname, search, hash, username, password }: URL): boolean {
  return pathname === '/' && search + hash + username + password === '';
}

/** What proves us, looked at before the server does: it says of a wrong pair only that the handshake failed. */
export function readCredentials(
  store: string,
  { cert, key, passphrase }: DogtagOptions['tls'],
  nowMs: number,
): X509Certificate {
  const certificate = parse(store, 'tls.cert is no certificate', () => new X509Certificate(cert));
  const privateKey = parse(store, 'tls.key is no private key, or tls.passphrase is not its passphrase', () =>
    readKey(key, passphrase),
  );
  if (!certificate.checkPrivateKey(privateKey))
    throw new ConfigurationError(`store "${store}": tls.key does not belong to tls.cert`);
  if (Date.parse(certificate.validTo) <= nowMs)
    throw new ConfigurationError(`store "${store}": tls.cert ended on ${certificate.validTo}`);
  return certificate;
}

const readKey = (key: string, passphrase: string | undefined): KeyObject =>
  createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });

function parse<T>(store: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ConfigurationError(`store "${store}": ${what}`, cause);
  }
}
