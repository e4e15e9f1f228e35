/** By code: what is wrong, in words that follow "the server": what an operator does about it is in them. */
export type TroubleWords = Readonly<Record<string, string>>;

/**
 * The alerts by which a server refuses what we are (RFC 8446 section 6.2), by the end of OpenSSL's code: what stands before it
 * differs from version to version. Alerts that are not here are accidents of one connection.
 */
const REFUSALS: TroubleWords = {
  ALERT_BAD_CERTIFICATE: 'it cannot read our certificate (tls.cert)',
  ALERT_UNSUPPORTED_CERTIFICATE: 'it takes no certificate of the kind of ours (tls.cert)',
  ALERT_CERTIFICATE_REVOKED: 'our certificate (tls.cert) was revoked',
  ALERT_CERTIFICATE_EXPIRED: 'our certificate (tls.cert) has expired, by its clock',
  ALERT_CERTIFICATE_UNKNOWN: 'our certificate (tls.cert) is not for clients, or has expired, or was revoked',
  ALERT_CERTIFICATE_REQUIRED: 'it did not get a certificate from us (tls.cert)',
  ALERT_UNKNOWN_CA: 'it does not know the authority that signed our certificate (tls.cert)',
  ALERT_ACCESS_DENIED: 'our certificate (tls.cert) has no access',
  ALERT_DECRYPT_ERROR: 'it could not verify the signature of our key (tls.key)',
  ALERT_HANDSHAKE_FAILURE: 'no cipher suite or TLS version that both allow',
  ALERT_PROTOCOL_VERSION: 'no TLS version that both allow',
  ALERT_INSUFFICIENT_SECURITY: 'it wants stronger cipher suites',
  ALERT_UNRECOGNIZED_NAME: 'it has no certificate for that name (tls.servername)',
};

/** What we found wrong ourselves: OpenSSL's verification results and Node's codes. */
const DISTRUST: TroubleWords = {
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
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no TLS version that both allow',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS on that port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS on that port',
};

const ABSENCES: TroubleWords = {
  ECONNREFUSED: 'refuses connections',
  ENOTFOUND: 'has no address',
  EAI_AGAIN: 'has no address at the moment',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ETIMEDOUT: 'does not answer',
};

export interface LinkTrouble {
  /** For operators. */
  readonly detail: string;
  /** Somebody has to change something: `StoreMisconfigured`. Otherwise it may pass: `StoreUnavailable`. */
  readonly isLasting: boolean;
}

/** What the store's kind knows better: its options, or what a code means where it occurs. */
export interface OwnWords {
  readonly refusals?: TroubleWords;
  readonly distrust?: TroubleWords;
}

/** An error of a socket or of TLS in an operator's terms, by its code. `place`: which server of which store. */
export function linkTrouble(place: string, cause: unknown, own: OwnWords = {}): LinkTrouble {
  const code = codeOf(cause);
  const alert = /ALERT_[A-Z_]+$/.exec(code)?.[0] ?? '';
  const refusal = { ...REFUSALS, ...own.refusals }[alert];
  if (refusal !== undefined) return { detail: `${place} refuses us: ${refusal}; ${code}`, isLasting: true };
  const distrust = { ...DISTRUST, ...own.distrust }[code];
  if (distrust !== undefined)
    return { detail: `${place} is not to be trusted: ${distrust}; ${code}`, isLasting: true };
  return { detail: `${place} ${ABSENCES[code] ?? 'broke the connection'}; ${code}`, isLasting: false };
}

function codeOf(cause: unknown): string {
  const { code } = cause as { code?: unknown };
  return typeof code === 'string' ? code : 'no code';
}
