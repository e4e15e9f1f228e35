import { StoreMisconfigured, StoreUnavailable, type BrokerError } from '../../src/errors.ts';

/** The alerts (RFC 8446 section 6.2) by which a server refuses what we are; all others are accidents of one connection. */
const REFUSALS: Readonly<Record<string, string>> = {
  ALERT_BAD_CERTIFICATE: 'it cannot read our certificate (tls.cert)',
  ALERT_UNSUPPORTED_CERTIFICATE: 'it takes no certificate of the kind of ours (tls.cert)',
  ALERT_CERTIFICATE_REVOKED: 'our certificate (tls.cert) was revoked',
  ALERT_CERTIFICATE_EXPIRED: 'our certificate (tls.cert) has ended, by its clock',
  ALERT_CERTIFICATE_UNKNOWN: 'our certificate (tls.cert) is not for clients, or has ended, or was revoked',
  ALERT_CERTIFICATE_REQUIRED: 'it did not get a certificate from us (tls.cert)',
  ALERT_UNKNOWN_CA: 'it does not know the authority that signed our certificate (tls.cert)',
  ALERT_ACCESS_DENIED: 'our certificate (tls.cert) has no access',
  ALERT_DECRYPT_ERROR: 'it could not verify the signature of our key (tls.key)',
  ALERT_HANDSHAKE_FAILURE: 'no cipher suite that both sides allow',
  ALERT_PROTOCOL_VERSION: 'no TLS version that both sides allow',
};

/** What we found wrong ourselves: OpenSSL's verification results and Node's codes. */
const DISTRUST: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has ended',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: compare the clocks',
  CERT_REVOKED: 'its certificate was revoked',
  CERT_SIGNATURE_FAILURE: 'its certificate was not signed by tls.ca',
  INVALID_PURPOSE: 'its certificate is not meant for servers',
  INVALID_CA: 'its certificate was signed by what is no authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate was not signed by tls.ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate was not signed by tls.ca',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate was not signed by tls.ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate was not signed by tls.ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate was not signed by tls.ca',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate names another host (tls.servername)',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS on that port',
  // What Node says of a handshake that OpenSSL gave up.
  EPROTO: 'it does not speak TLS on that port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS on that port',
};

const ABSENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ENOTFOUND: 'has no address',
  EAI_AGAIN: 'has no address at the moment',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ETIMEDOUT: 'does not answer',
};

/** An error of a socket or of TLS in our terms, by its code. `place`: which server of which store. */
export function linkFailure(place: string, cause: unknown): BrokerError {
  const { code: given } = cause as { code?: unknown };
  const code = typeof given === 'string' ? given : 'no code';
  const refusal = REFUSALS[/ALERT_[A-Z_]+$/.exec(code)?.[0] ?? ''];
  if (refusal !== undefined)
    return new StoreMisconfigured(`${place} refuses us: ${refusal}; ${code}`, { cause });
  const distrust = DISTRUST[code];
  if (distrust !== undefined)
    return new StoreMisconfigured(`${place} is not to be trusted: ${distrust}; ${code}`, { cause });
  return new StoreUnavailable(`${place} ${ABSENCES[code] ?? 'broke the connection'}; ${code}`, { cause });
}
