import { X509Certificate } from 'node:crypto';
import { StoreMisconfigured, StoreRejected } from '../../src/errors.ts';
import type { DogtagOptions } from './options.ts';
import { refusal } from './refusal.ts';
import type { Rest } from './rest.ts';
import type { TransportKey } from './session-key.ts';

/** The KRA's transport certificate, whose key session keys are wrapped with. */
export interface Transport {
  /** Fetched when there is none yet, when it is old, or when it has ended. */
  current(): Promise<TransportCertificate>;
  /** Fetches it anew; whether it is another than before. */
  refresh(): Promise<boolean>;
}

export interface TransportCertificate extends TransportKey {
  /** Milliseconds since 1970. */
  readonly endsMs: number;
}

interface Fetched extends TransportCertificate {
  readonly fingerprint: string;
  readonly atMs: number;
}

export interface TransportDeps {
  readonly rest: Rest;
  /** Such as `/kra/rest`. */
  readonly subsystem: string;
  readonly wrap: DogtagOptions['session_key_wrap'];
  readonly clockMs: () => number;
}

/** A certificate that was replaced is noticed by a request that fails, or after this. */
const MAX_AGE_MS = 10 * 60_000;
/** NIST SP 800-131A: shorter RSA keys protect nothing. */
const MIN_MODULUS_BITS = 2048;

export function createTransport({ rest, subsystem, wrap, clockMs }: TransportDeps): Transport {
  let fetched: Fetched | undefined;
  const fetch = async (): Promise<Fetched> => {
    const answer = await rest.send({ method: 'GET', path: `${subsystem}/config/cert/transport` });
    const pem = answer.json?.['Encoded'];
    if (answer.status !== 200 || typeof pem !== 'string')
      throw refusal(rest.place, 'the question for its transport certificate', answer);
    return { ...readTransport(rest.place, pem, clockMs()), wrap, atMs: clockMs() };
  };
  const isFresh = ({ atMs, endsMs }: Fetched): boolean => clockMs() - atMs < MAX_AGE_MS && endsMs > clockMs();
  return {
    current: async () => (fetched !== undefined && isFresh(fetched) ? fetched : (fetched = await fetch())),
    refresh: async () => {
      const before = fetched?.fingerprint;
      fetched = await fetch();
      return fetched.fingerprint !== before;
    },
  };
}

/** An RSA key within its time, or `StoreMisconfigured`: nothing is sent under any other. */
function readTransport(place: string, pem: string, nowMs: number): Omit<Fetched, 'wrap' | 'atMs'> {
  const certificate = parse(place, pem);
  const key = certificate.publicKey;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < MIN_MODULUS_BITS)
    throw new StoreMisconfigured(
      `${place} has a transport certificate without RSA key of at least ${MIN_MODULUS_BITS} bits`,
    );
  const endsMs = Date.parse(certificate.validTo);
  if (endsMs <= nowMs)
    throw new StoreMisconfigured(`${place} has a transport certificate that ended on ${certificate.validTo}`);
  if (Date.parse(certificate.validFrom) > nowMs)
    throw new StoreMisconfigured(
      `${place} has a transport certificate that begins on ${certificate.validFrom}: compare the clocks`,
    );
  return { key, fingerprint: certificate.fingerprint256, endsMs };
}

function parse(place: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem.replaceAll('\r', ''));
  } catch (cause) {
    throw new StoreRejected(`${place} sent a transport certificate that is none`, { cause });
  }
}
