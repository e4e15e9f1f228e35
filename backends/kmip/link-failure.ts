import { StoreMisconfigured, StoreRejected, StoreUnavailable, type BrokerError } from '../../src/errors.ts';
import { TtlvError } from '../../src/ttlv/ttlv.ts';

/**
 * What TLS alerts mean (RFC 8446 section 6.2), by the end of OpenSSL's code: what stands before it differs from version to
 * version. Alerts that are not here are accidents of one connection.
 */
const REFUSALS: Readonly<Record<string, string>> = {
  ALERT_BAD_CERTIFICATE: 'it cannot read our certificate (tls.cert)',
  ALERT_UNSUPPORTED_CERTIFICATE: 'it takes no certificate of the kind of ours (tls.cert)',
  ALERT_CERTIFICATE_REVOKED: 'our certificate (tls.cert) was revoked',
  ALERT_CERTIFICATE_EXPIRED: 'our certificate (tls.cert) has expired, by its clock',
  ALERT_CERTIFICATE_UNKNOWN: 'it does not accept our certificate (tls.cert)',
  ALERT_CERTIFICATE_REQUIRED: 'it did not get a certificate from us (tls.cert)',
  ALERT_UNKNOWN_CA: 'it does not know the authority that signed our certificate (tls.cert)',
  ALERT_ACCESS_DENIED: 'our certificate (tls.cert) has no access',
  ALERT_DECRYPT_ERROR: 'it could not verify the signature of our key (tls.key)',
  ALERT_HANDSHAKE_FAILURE: 'no cipher suite or TLS version that both allow (tls.ciphers, tls.min_version)',
  ALERT_PROTOCOL_VERSION: 'no TLS version that both allow (tls.min_version)',
  ALERT_INSUFFICIENT_SECURITY: 'it wants stronger cipher suites (tls.ciphers)',
  ALERT_UNRECOGNIZED_NAME: 'it has no certificate for that name (tls.servername)',
  ALERT_NO_APPLICATION_PROTOCOL: 'it is not a KMIP server on that port',
};

/** What we found wrong ourselves: OpenSSL's verification results and Node's codes. */
const DISTRUST: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: compare the clocks',
  CERT_REVOKED: 'its certificate was revoked',
  CERT_SIGNATURE_FAILURE: 'its certificate was not signed by tls.ca',
  CERT_UNTRUSTED: 'its certificate is not trusted',
  CERT_REJECTED: 'its certificate is not meant for servers',
  INVALID_PURPOSE: 'its certificate is not meant for servers',
  INVALID_CA: 'its certificate was signed by what is no authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate was not signed by tls.ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate was not signed by tls.ca',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate was not signed by tls.ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate was not signed by tls.ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate was not signed by tls.ca',
  CERT_CHAIN_TOO_LONG: 'the chain of its certificate is too long',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate names another host (tls.servername)',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no TLS version that both allow (tls.min_version)',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS on that port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS on that port',
};

const ABSENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'broke the connection',
  EPIPE: 'broke the connection',
  ENOTFOUND: 'has no address',
  EAI_AGAIN: 'has no address at the moment',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ETIMEDOUT: 'does not answer',
};

/** No answer came, or none that was one. */
export class BrokenLink extends StoreUnavailable {
  /** Nothing of an answer had arrived: on a connection that was open before, the server may never have seen the request. */
  readonly wasSilent: boolean;

  constructor(detail: string, options: { readonly cause?: unknown; readonly wasSilent: boolean }) {
    super(detail, options.cause === undefined ? {} : { cause: options.cause });
    this.wasSilent = options.wasSilent;
  }
}

/** An error of a socket, of TLS or of the framing in our terms, by its code. `place`: which server of which store. */
export function linkFailure(place: string, cause: unknown, wasSilent: boolean): BrokerError {
  if (cause instanceof TtlvError)
    return new StoreRejected(`${place} sent what is no KMIP answer: ${cause.message}`, { cause });
  const code = codeOf(cause);
  const refusal = REFUSALS[/ALERT_[A-Z_]+$/.exec(code)?.[0] ?? ''];
  if (refusal !== undefined)
    return new StoreMisconfigured(`${place} refuses us: ${refusal}; ${code}`, { cause });
  const distrust = DISTRUST[code];
  if (distrust !== undefined)
    return new StoreMisconfigured(`${place} is not to be trusted: ${distrust}; ${code}`, { cause });
  return new BrokenLink(`${place} ${ABSENCES[code] ?? 'broke the connection'}; ${code}`, {
    cause,
    wasSilent,
  });
}

function codeOf(cause: unknown): string {
  const { code } = cause as { code?: unknown };
  return typeof code === 'string' ? code : 'no code';
}
