import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { ConfigurationError, StoreMisconfigured } from '../../src/errors.ts';
import type { KmipOptions } from './options.ts';

const DAY_MS = 86_400_000;

/** What proves us to the servers, and them to us. */
export interface TlsIdentity {
  readonly context: SecureContext;
  /** The name to look for in the server's certificate; undefined: the host. */
  readonly servername: string | undefined;
  /** When our certificate expires, in milliseconds since 1970. */
  readonly untilMs: number;
  /** `StoreMisconfigured` where our certificate is not valid now: servers say so less clearly, or only hang up. */
  requireValid(): void;
}

/** Throws `ConfigurationError` for certificates and keys that cannot be used, or not together. */
export function createTlsIdentity(name: string, tls: KmipOptions['tls'], clockMs: () => number): TlsIdentity {
  const certificate = readable(name, 'tls.cert', () => new X509Certificate(tls.cert));
  const key = readable(name, 'tls.key', () => privateKey(tls));
  if (!certificate.checkPrivateKey(key))
    throw new ConfigurationError(`store "${name}": tls.key is not the key of tls.cert`);
  readable(name, 'tls.ca', () => new X509Certificate(tls.ca));
  const context = readable(name, 'tls', () => secureContext(tls));
  const [from, until] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  return {
    context,
    servername: tls.servername,
    untilMs: until,
    requireValid: () => {
      const now = clockMs();
      if (now > until) throw outOfDate(name, `expired on ${certificate.validTo}`);
      if (now < from) throw outOfDate(name, `is valid only from ${certificate.validFrom}`);
    },
  };
}

/** Whole days; negative when that time is past. */
export const daysUntil = (untilMs: number, clockMs: () => number): number =>
  Math.floor((untilMs - clockMs()) / DAY_MS);

const outOfDate = (name: string, what: string): StoreMisconfigured =>
  new StoreMisconfigured(`store "${name}": our certificate (tls.cert) ${what}: issue a new one`);

const privateKey = ({ key, passphrase }: KmipOptions['tls']): KeyObject =>
  createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });

function secureContext({
  ca,
  cert,
  key,
  passphrase,
  min_version,
  ciphers,
}: KmipOptions['tls']): SecureContext {
  return createSecureContext({
    ca,
    cert,
    key,
    minVersion: min_version,
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(ciphers === undefined ? {} : { ciphers }),
  });
}

/** OpenSSL's reasons never quote what they could not read. */
function readable<T>(name: string, option: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown';
    throw new ConfigurationError(`store "${name}": ${option} cannot be used: ${reason}`, cause);
  }
}
