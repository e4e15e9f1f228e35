import { StoreMisconfigured, StoreRejected, StoreUnavailable, type BrokerError } from '../../src/errors.ts';
import { linkTrouble } from '../../src/stores/link-trouble.ts';
import { TtlvError } from '../../src/ttlv/ttlv.ts';

/** With the options that only this kind has. */
const OWN_WORDS = {
  refusals: {
    ALERT_HANDSHAKE_FAILURE: 'no cipher suite or TLS version that both allow (tls.ciphers, tls.min_version)',
    ALERT_PROTOCOL_VERSION: 'no TLS version that both allow (tls.min_version)',
    ALERT_INSUFFICIENT_SECURITY: 'it wants stronger cipher suites (tls.ciphers)',
    ALERT_NO_APPLICATION_PROTOCOL: 'it is not a KMIP server on that port',
  },
  distrust: { ERR_SSL_UNSUPPORTED_PROTOCOL: 'no TLS version that both allow (tls.min_version)' },
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
  const { detail, isLasting } = linkTrouble(place, cause, OWN_WORDS);
  return isLasting ? new StoreMisconfigured(detail, { cause }) : new BrokenLink(detail, { cause, wasSilent });
}
