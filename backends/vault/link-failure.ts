import { StoreMisconfigured, StoreUnavailable } from '../../src/errors.ts';

/** OpenSSL's words for a certificate it does not accept (X509_verify_cert), and Node's own. Time does not mend them. */
const SERVER_CERTIFICATE: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** The server's alerts about our certificate (RFC 8446 section 6.2), as OpenSSL spells them. */
const OUR_CERTIFICATE =
  /^ERR_SSL_.*ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|ACCESS_DENIED)$/;

/** Node's one code for much that TLS can end with, a port that speaks plain HTTP and a cut within the hand-shake among it. */
const TLS_FAILED = 'EPROTO';

/** What a connection ended with, as an error of the broker; told apart by code. `store` names the store for operators. */
export function linkFailure(store: string, origin: string, cause: unknown): StoreUnavailable {
  const code = codeOf(cause);
  const of = `store "${store}", ${origin}`;
  if (SERVER_CERTIFICATE.has(code)) {
    return new StoreMisconfigured(
      `${of}: the server's certificate is not accepted (${code}): see tls.ca, tls.servername and the date`,
      { cause },
    );
  }
  if (OUR_CERTIFICATE.test(code)) {
    return new StoreMisconfigured(
      `${of}: the server does not accept our certificate (${code}): see tls.cert`,
      {
        cause,
      },
    );
  }
  const hint =
    code === TLS_FAILED ? ': is that a port with TLS 1.2 or later, and our certificate what it wants?' : '';
  return new StoreUnavailable(`${of}: no answer (${code})${hint}`, { cause });
}

function codeOf(cause: unknown): string {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'no code';
}
